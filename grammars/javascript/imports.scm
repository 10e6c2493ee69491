; All that it imports by is in ecmascript.

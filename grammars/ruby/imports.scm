(call
  !receiver
  method: (identifier) @_require
  arguments: (argument_list . (string) @path)
  (#any-of? @_require "require" "require_relative" "load")) @import
(call
  !receiver
  method: (identifier) @_include
  arguments: (argument_list [(constant) @name (scope_resolution name: (constant) @name)])
  (#any-of? @_include "include" "extend" "prepend")) @import

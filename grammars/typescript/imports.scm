(import_require_clause (identifier) @name source: (string) @path)

[(import_statement) (import_from_statement) (future_import_statement)] @import

(import_statement name: (dotted_name (identifier) @name .))
(import_from_statement name: (dotted_name (identifier) @name .))
(import_from_statement (wildcard_import) @name)
(aliased_import name: (dotted_name (identifier) @original .) alias: (identifier) @name)

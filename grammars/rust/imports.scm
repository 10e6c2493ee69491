(use_declaration argument: (identifier) @name) @import
(use_declaration argument: (scoped_identifier name: (identifier) @name)) @import
(use_declaration argument: (use_as_clause path: [(identifier) @original (scoped_identifier name: (identifier) @original)] alias: (identifier) @name)) @import

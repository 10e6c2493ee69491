(namespace_use_declaration) @import

(namespace_use_clause !alias [(name) @name (qualified_name (name) @name .)])
(namespace_use_clause
  [(name) @original (qualified_name (name) @original .)]
  alias: (name) @name)

(expression_statement
  [
    (require_expression [(string) @path (binary_expression right: (string) @path)])
    (require_once_expression [(string) @path (binary_expression right: (string) @path)])
    (include_expression [(string) @path (binary_expression right: (string) @path)])
    (include_once_expression [(string) @path (binary_expression right: (string) @path)])
  ]) @import

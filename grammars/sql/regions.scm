[
  (comment)
  (marginalia)
] @comment

((literal) @string)

[
  (column_definitions)
  (subquery)
] @block
(statement) @body

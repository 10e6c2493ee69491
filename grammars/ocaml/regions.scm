(comment) @comment

[
  (string)
  (quoted_string)
  (character)
] @string

[
  (structure)
  (record_expression)
] @block
(match_expression) @body

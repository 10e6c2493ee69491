[
  (line_comment)
  (block_comment)
] @comment

[
  (string_literal)
  (multiline_string_literal)
  (character_literal)
] @string
(interpolation) @code

[
  (block)
  (class_body)
  (enum_class_body)
  (lambda_literal)
] @block

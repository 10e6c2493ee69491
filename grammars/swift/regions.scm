[
  (comment)
  (multiline_comment)
] @comment

[
  (line_string_literal)
  (multi_line_string_literal)
  (raw_string_literal)
] @string
(interpolated_expression) @code

[
  (class_body)
  (enum_class_body)
  (protocol_body)
  (function_body)
  (lambda_literal)
] @block
(statements) @body

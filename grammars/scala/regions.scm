[
  (comment)
  (block_comment)
] @comment

[
  (string)
  (interpolated_string)
  (character_literal)
] @string
(interpolation) @code

[
  (block)
  (template_body)
  (case_block)
] @block
[
  (indented_block)
  (indented_cases)
] @body

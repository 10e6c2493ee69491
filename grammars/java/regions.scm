[
  (line_comment)
  (block_comment)
] @comment

[
  (string_literal)
  (character_literal)
] @string
(string_interpolation) @code

[
  (block)
  (constructor_body)
  (class_body)
  (interface_body)
  (annotation_type_body)
  (enum_body)
  (switch_block)
  (array_initializer)
] @block

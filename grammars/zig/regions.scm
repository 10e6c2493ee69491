(comment) @comment

[
  (string)
  (multiline_string)
  (character)
] @string

[
  (block)
  (initializer_list)
] @block
(struct_declaration "{") @block
(enum_declaration "{") @block
(union_declaration "{") @block
(switch_expression "{") @block

(comment) @comment

[
  (interpreted_string_literal)
  (raw_string_literal)
  (rune_literal)
] @string

[
  (block)
  (field_declaration_list)
  (literal_value)
] @block
(expression_switch_statement "{") @block
(type_switch_statement "{") @block
(select_statement "{") @block

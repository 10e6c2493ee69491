(comment) @comment

[
  (string)
  (template_string)
] @string
(template_substitution) @code

[
  (statement_block)
  (class_body)
  (switch_body)
  (object)
] @block

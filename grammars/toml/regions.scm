(comment) @comment

(string) @string

[
  (array)
  (inline_table)
] @block
[
  (table)
  (table_array_element)
] @body

(comment) @comment

[
  (string)
  (heredoc_body)
  (subshell)
  (string_array)
  (symbol_array)
  (character)
] @string
(interpolation) @code

[
  (do_block)
  (block)
] @block
[
  (body_statement)
  (then)
  (do)
] @body

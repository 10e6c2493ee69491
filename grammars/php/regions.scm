(comment) @comment

[
  (string)
  (encapsed_string)
  (heredoc)
  (nowdoc)
] @string
; What stands in braces inside a string is code.
(encapsed_string "{" . (_) @code)
(heredoc_body "{" . (_) @code)

[
  (compound_statement)
  (declaration_list)
  (enum_declaration_list)
  (match_block)
  (switch_block)
] @block

[
  (comment)
  (haddock)
  (pragma)
] @comment

[
  (string)
  (char)
] @string

[
  (do)
  (match)
  (class_declarations)
] @body

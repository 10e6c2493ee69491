(comment) @comment

; A key is what a person writes, so only values count as strings.
(pair value: (string) @string)
(array (string) @string)

[
  (object)
  (array)
] @block

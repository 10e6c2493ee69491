(comment) @comment

[
  (string)
  (charlist)
  (sigil)
] @string
(interpolation) @code

[
  (do_block)
  (anonymous_function)
  (map)
] @block

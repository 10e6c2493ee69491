(comment) @comment

; Plain and block scalars are what the file is about: they count as code.
[
  (double_quote_scalar)
  (single_quote_scalar)
] @string

[
  (flow_mapping)
  (flow_sequence)
] @block
[
  (block_mapping)
  (block_sequence)
] @body

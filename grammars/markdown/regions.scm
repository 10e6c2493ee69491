; Prose is what the file is about: it counts as code.
[
  (fenced_code_block)
] @block
[
  (section)
  (list_item)
] @body

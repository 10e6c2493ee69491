(comment) @comment

; Text between tags is what the file is about: it counts as code, and so does what stands in scripts and styles.
(quoted_attribute_value) @string

[
  (element)
  (script_element)
  (style_element)
] @block

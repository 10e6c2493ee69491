[
  (comment)
  (js_comment)
] @comment

(string_value) @string

[
  (block)
  (keyframe_block_list)
] @block

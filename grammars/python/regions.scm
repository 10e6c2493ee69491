(comment) @comment

(string) @string
(interpolation) @code

(block) @body

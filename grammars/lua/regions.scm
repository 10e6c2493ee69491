(comment) @comment

(string) @string

(table_constructor) @block
(block) @body

(raw_string_literal) @string

(declaration_list) @block

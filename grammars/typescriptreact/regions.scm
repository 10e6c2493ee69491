[(interface_body) (enum_body) (object_type) (jsx_element)] @block

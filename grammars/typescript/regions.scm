[(interface_body) (enum_body) (object_type)] @block

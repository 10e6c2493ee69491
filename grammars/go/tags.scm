(function_declaration name: (identifier) @name body: (_)? @body) @definition.function
(method_declaration
  receiver: (parameter_list
    (parameter_declaration
      type: [
        (type_identifier) @of
        (generic_type type: (type_identifier) @of)
        (pointer_type [(type_identifier) @of (generic_type type: (type_identifier) @of)])
      ]))
  name: (field_identifier) @name
  body: (_)? @body) @definition.function

(type_declaration . (type_spec name: (type_identifier) @name) .) @definition.type
(type_declaration
  .
  (type_spec
    name: (type_identifier) @name
    type: [(struct_type (field_declaration_list) @fields) (interface_type) @fields])
  .) @definition.type
(type_declaration . (type_alias name: (type_identifier) @name) .) @definition.type

; One of many in brackets.
(type_spec name: (type_identifier) @name) @definition.type
(type_spec
  name: (type_identifier) @name
  type: [(struct_type (field_declaration_list) @fields) (interface_type) @fields]) @definition.type
(type_alias name: (type_identifier) @name) @definition.type

(const_declaration . (const_spec . name: (identifier) @name) .) @definition.value
(var_declaration . (var_spec . name: (identifier) @name) .) @definition.value
(const_spec name: (identifier) @name) @definition.value
(var_spec name: (identifier) @name) @definition.value

(comment) @comment

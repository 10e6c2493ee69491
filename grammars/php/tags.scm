(class_declaration name: (name) @name body: (_) @body) @definition.type
(interface_declaration name: (name) @name body: (_) @body) @definition.type
(trait_declaration name: (name) @name body: (_) @body) @definition.type
(enum_declaration name: (name) @name body: (_) @fields) @definition.type
(enum_declaration name: (name) @name body: (enum_declaration_list (method_declaration)) @body) @definition.type
(namespace_definition name: (namespace_name (name) @name .) body: (_) @body) @definition.module

(function_definition name: (name) @name body: (_) @body) @definition.function
(method_declaration name: (name) @name body: (_)? @body) @definition.function

(property_declaration (property_element name: (variable_name (name) @name))) @definition.value
(const_declaration (const_element (name) @name)) @definition.value
(enum_case name: (name) @name) @definition.value
(expression_statement
  (function_call_expression
    function: (name) @_define
    arguments: (arguments . (argument (string (string_content) @name))))
  (#eq? @_define "define")) @definition.value

; function __construct(private Type $name)
(class_declaration
  name: (name) @of
  body: (declaration_list
    (method_declaration
      parameters: (formal_parameters
        (property_promotion_parameter name: (variable_name (name) @name)) @definition.value))))

[(comment) (attribute_list)] @comment

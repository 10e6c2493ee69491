(abstract_class_declaration name: (_) @name body: (_) @body) @definition.type
(export_statement declaration: (abstract_class_declaration name: (_) @name body: (_) @body)) @definition.type
(public_field_definition name: (_) @name) @definition.value
(public_field_definition name: (_) @name
  value: [(arrow_function body: (_) @body) (function_expression body: (_) @body)]) @definition.function

(interface_declaration name: (type_identifier) @name body: (_) @fields) @definition.type
(export_statement declaration: (interface_declaration name: (type_identifier) @name body: (_) @fields)) @definition.type
(enum_declaration name: (identifier) @name body: (_) @fields) @definition.type
(export_statement declaration: (enum_declaration name: (identifier) @name body: (_) @fields)) @definition.type
(type_alias_declaration name: (type_identifier) @name value: [(object_type) @fields (_)]) @definition.type
(export_statement
  declaration: (type_alias_declaration name: (type_identifier) @name value: [(object_type) @fields (_)])
) @definition.type

[(internal_module name: (_) @name body: (_) @body) (module name: (_) @name body: (_) @body)] @definition.module
(export_statement declaration: (internal_module name: (_) @name body: (_) @body)) @definition.module

; Overloads, and what has its body elsewhere.
(function_signature name: (identifier) @name) @definition.function
(export_statement declaration: (function_signature name: (identifier) @name)) @definition.function
(class_body
  [(method_signature name: (_) @name) (abstract_method_signature name: (_) @name)] @definition.function)
(ambient_declaration (lexical_declaration (variable_declarator name: (identifier) @name))) @definition.value

; constructor(private name: Type)
(class_declaration
  name: (type_identifier) @of
  body: (class_body
    (method_definition
      parameters: (formal_parameters
        (required_parameter (accessibility_modifier) pattern: (identifier) @name) @definition.value))))

(decorator) @comment

(comment) @comment

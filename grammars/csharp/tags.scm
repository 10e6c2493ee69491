(class_declaration name: (identifier) @name body: (_) @body) @definition.type
(struct_declaration name: (identifier) @name body: (_) @body) @definition.type
(interface_declaration name: (identifier) @name body: (_) @body) @definition.type
(record_declaration name: (identifier) @name body: (_)? @body) @definition.type
(enum_declaration name: (identifier) @name body: (_) @fields) @definition.type
(delegate_declaration name: (identifier) @name) @definition.type

(namespace_declaration
  name: [(identifier) @name (qualified_name name: (identifier) @name)]
  body: (_) @body) @definition.module

(method_declaration name: (identifier) @name body: (_)? @body) @definition.function
(constructor_declaration name: (identifier) @name body: (_)? @body) @definition.function
(local_function_statement name: (identifier) @name body: (_)? @body) @definition.function

(property_declaration name: (identifier) @name [(accessor_list) (arrow_expression_clause)] @body) @definition.value
(field_declaration (variable_declaration (variable_declarator name: (identifier) @name))) @definition.value
(event_declaration name: (identifier) @name accessors: (_) @body) @definition.value
(event_field_declaration (variable_declaration (variable_declarator name: (identifier) @name))) @definition.value
(enum_member_declaration name: (identifier) @name) @definition.value

[(comment) (attribute_list)] @comment

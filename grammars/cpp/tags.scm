; Beside what C has.
(template_declaration (function_definition body: (_) @body)) @definition.function
(function_definition [(default_method_clause) (delete_method_clause) (pure_virtual_clause)]) @definition.function
(declaration declarator: (reference_declarator (function_declarator))) @definition.function
(field_declaration declarator: (function_declarator)) @definition.function
(field_declaration declarator: (pointer_declarator declarator: (function_declarator))) @definition.function
(field_declaration declarator: (reference_declarator (function_declarator))) @definition.function

(function_declarator declarator: [(field_identifier) (destructor_name) (operator_name)] @name)
(function_declarator declarator: (template_function name: (identifier) @name))
(qualified_identifier
  scope: [(namespace_identifier) @of (template_type name: (type_identifier) @of)]
  name: [(identifier) @name (destructor_name) @name (operator_name) @name])

; A class, and a struct that has functions with bodies, shows its members one by one.
(class_specifier
  name: [(type_identifier) @name (template_type name: (type_identifier) @name)]
  body: (_) @body) @definition.type
(struct_specifier
  name: (type_identifier) @name
  body: (field_declaration_list (function_definition)) @body) @definition.type
(template_declaration
  [
    (class_specifier name: [(type_identifier) @name (template_type name: (type_identifier) @name)] body: (_) @body)
    (struct_specifier name: [(type_identifier) @name (template_type name: (type_identifier) @name)] body: (_) @fields)
    (struct_specifier name: (type_identifier) @name body: (field_declaration_list (function_definition)) @body)
  ]) @definition.type
(alias_declaration name: (type_identifier) @name) @definition.type
(template_declaration (alias_declaration name: (type_identifier) @name)) @definition.type
(concept_definition name: (identifier) @name) @definition.type
(field_declaration
  declarator: [
    (field_identifier) @name
    (pointer_declarator declarator: (field_identifier) @name)
    (reference_declarator (field_identifier) @name)
    (array_declarator declarator: (field_identifier) @name)
  ]) @definition.value

(namespace_definition
  name: [(namespace_identifier) @name (nested_namespace_specifier (namespace_identifier) @name .)]
  body: (_) @body) @definition.module

; The name of a function stands somewhere in its declarator.
(function_definition body: (_) @body) @definition.function
(template_declaration (function_definition body: (_) @body)) @definition.function
(function_definition [(default_method_clause) (delete_method_clause) (pure_virtual_clause)]) @definition.function
(declaration declarator: (function_declarator)) @definition.function
(declaration declarator: (pointer_declarator declarator: (function_declarator))) @definition.function
(declaration declarator: (reference_declarator (function_declarator))) @definition.function
(field_declaration declarator: (function_declarator)) @definition.function
(field_declaration declarator: (pointer_declarator declarator: (function_declarator))) @definition.function
(field_declaration declarator: (reference_declarator (function_declarator))) @definition.function

(function_declarator declarator: [(identifier) (field_identifier) (destructor_name) (operator_name)] @name)
(function_declarator declarator: (template_function name: (identifier) @name))
(qualified_identifier
  scope: [(namespace_identifier) @of (template_type name: (type_identifier) @of)]
  name: [(identifier) @name (destructor_name) @name (operator_name) @name])

(struct_specifier name: (type_identifier) @name body: (_) @fields) @definition.type
(union_specifier name: (type_identifier) @name body: (_) @fields) @definition.type
(enum_specifier name: (type_identifier) @name body: (_) @fields) @definition.type

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

(type_definition
  type: [
    (struct_specifier body: (_) @fields)
    (union_specifier body: (_) @fields)
    (enum_specifier body: (_) @fields)
    (_)
  ]
  declarator: [
    (type_identifier) @name
    (pointer_declarator declarator: (type_identifier) @name)
    (array_declarator declarator: (type_identifier) @name)
    (function_declarator
      declarator: (parenthesized_declarator (pointer_declarator declarator: (type_identifier) @name)))
  ]) @definition.type

; An enum's members are used without its name.
(enum_specifier
  name: (type_identifier) @of
  body: (enumerator_list (enumerator name: (identifier) @name) @definition.value))
(enum_specifier !name body: (enumerator_list (enumerator name: (identifier) @name) @definition.value))
(type_definition
  type: (enum_specifier !name body: (enumerator_list (enumerator name: (identifier) @name) @definition.value))
  declarator: (type_identifier) @of)

(declaration
  declarator: [
    (identifier) @name
    (pointer_declarator declarator: (identifier) @name)
    (array_declarator declarator: (identifier) @name)
    (pointer_declarator declarator: (array_declarator declarator: (identifier) @name))
    (init_declarator
      declarator: [
        (identifier) @name
        (pointer_declarator declarator: (identifier) @name)
        (array_declarator declarator: (identifier) @name)
        (pointer_declarator declarator: (array_declarator declarator: (identifier) @name))
      ])
  ]) @definition.value

(preproc_def name: (identifier) @name value: (_)) @definition.macro
(preproc_function_def name: (identifier) @name value: (_)? @body) @definition.macro

(comment) @comment

; The name of a function stands somewhere in its declarator.
(function_definition body: (_) @body) @definition.function
(declaration declarator: (function_declarator)) @definition.function
(declaration declarator: (pointer_declarator declarator: (function_declarator))) @definition.function
(declaration
  declarator: (pointer_declarator
    declarator: (pointer_declarator declarator: (function_declarator)))) @definition.function

(function_declarator declarator: (identifier) @name)

(struct_specifier name: (type_identifier) @name body: (_) @fields) @definition.type
(union_specifier name: (type_identifier) @name body: (_) @fields) @definition.type
(enum_specifier name: (type_identifier) @name body: (_) @fields) @definition.type

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

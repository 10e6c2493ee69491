(function_item name: (identifier) @name body: (block) @body) @definition.function
(function_signature_item name: (identifier) @name) @definition.function

(struct_item name: (type_identifier) @name) @definition.type
(enum_item name: (type_identifier) @name) @definition.type
(union_item name: (type_identifier) @name) @definition.type
(type_item name: (type_identifier) @name) @definition.type
(associated_type name: (type_identifier) @name) @definition.type
(trait_item name: (type_identifier) @name body: (declaration_list) @body) @definition.type

(mod_item name: (identifier) @name body: (declaration_list) @body) @definition.module

(const_item name: (identifier) @name) @definition.value
(static_item name: (identifier) @name) @definition.value
(macro_definition name: (identifier) @name) @definition.macro

(impl_item type: (type_identifier) @name body: (declaration_list) @body) @owner
(impl_item type: (generic_type type: (type_identifier) @name) body: (declaration_list) @body) @owner

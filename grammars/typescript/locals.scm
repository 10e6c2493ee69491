(required_parameter pattern: (identifier) @name type: (type_annotation (_) @type))
(optional_parameter pattern: (identifier) @name type: (type_annotation (_) @type))
(variable_declarator name: (identifier) @name type: (type_annotation (_) @type))
(public_field_definition name: (_) @name type: (type_annotation (_) @type))
(property_signature name: (property_identifier) @name type: (type_annotation (_) @type))

(variable_declarator name: (identifier) @name !type value: (new_expression constructor: (_) @type))
(variable_declarator name: (identifier) @name !type value: (as_expression (_) (_) @type))
(public_field_definition name: (_) @name !type value: (new_expression constructor: (_) @type))

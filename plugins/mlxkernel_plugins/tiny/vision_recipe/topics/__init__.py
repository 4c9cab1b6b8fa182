"""What tiny-vision can say about pictures, one topic a module.

A topic is a function from a view to one turn, or to None where the picture gives no such question.
"""

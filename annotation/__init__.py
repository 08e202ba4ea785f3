"""Annotators in the loop: which pages and URL prefixes they are asked about, their answers, the labels.

`annotate` holds the verbs, `label_step` the step of a round; `tasks` draws what is asked, `studio` brings it to Label
Studio and the answers back, `answers`, `label_state` and `adjudication` turn answers into labels. Imports the public
names of recall's rooms; recall imports nothing from here.
"""

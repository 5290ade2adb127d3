"""A portrait that talks: one picture and a voice become a film of a face, without its sound.

Experimental, and marked as synthetic. A confined child (`child`) finds the face and its parts
(`mesh`); `rig` says what moves with what, `acting` what is done when, from the sound (`voice`)
and the letters of the words (`letters`), and `puppet` draws. `talking` is where it begins; a
lip-sync server of the operator's may do the work instead (`serving`).
"""

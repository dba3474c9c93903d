"""What the broker is shown and tried with: a simulation of Microsoft Entra ID, a sample Pobuca application, a stage.

Owns: the simulated other sides (``entra``, ``application``), the stage that starts them and a broker as processes of
their own, and the scripted sign-in of ``broker demo``. Must not know: the broker's code. It meets the broker as the
world does, by configuration files, by its command and over HTTPS; of its modules it takes only the clock. Nothing but
the demo command and the tests imports it.
"""

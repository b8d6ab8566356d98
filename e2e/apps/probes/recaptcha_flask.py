"""The same with Flask-WTF's RecaptchaField."""

import os

from flask import Flask, jsonify, render_template_string
from flask_wtf import FlaskForm, RecaptchaField
from wtforms import StringField

application = Flask(__name__)
application.config.update(
    SECRET_KEY="of a test",
    WTF_CSRF_ENABLED=False,
    RECAPTCHA_PUBLIC_KEY=os.environ["RECAPTCHA_PUBLIC_KEY"],
    RECAPTCHA_PRIVATE_KEY=os.environ["RECAPTCHA_PRIVATE_KEY"],
    RECAPTCHA_SCRIPT="https://" + os.environ["RECAPTCHA_DOMAIN"] + "/recaptcha/api.js",
    RECAPTCHA_VERIFY_SERVER="https://" + os.environ["RECAPTCHA_DOMAIN"] + "/recaptcha/api/siteverify",
)
effects = {"v2": 0}


class SignUp(FlaskForm):
    name = StringField()
    recaptcha = RecaptchaField()


@application.route("/v2", methods=["GET", "POST"])
def sign_up():
    form = SignUp()
    if form.validate_on_submit():
        effects["v2"] += 1
        return "<!doctype html><html lang=en><title>Welcome</title><h1 id=welcome>Welcome</h1></html>"
    page = render_template_string(
        "<!doctype html><html lang=en><title>Sign up</title><main><h1>Sign up</h1>"
        "<form method=post>{{ form.name }}{{ form.recaptcha }}<button id=send>Send</button></form></main></html>",
        form=form,
    )
    return page, 400 if form.is_submitted() else 200


@application.route("/effects")
def show():
    return jsonify(effects)

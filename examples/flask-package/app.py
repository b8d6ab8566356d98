"""A contact form in Flask that asks Palisade. Comments mark the parts for Palisade."""

import os

from flask import Flask, jsonify, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from palisade_forms.flask import Palisade, PalisadeField
from wtforms import EmailField, StringField
from wtforms.validators import DataRequired, Length

palisade = Palisade()  # Palisade
messages = []
subscribers = []


class Subscribe(FlaskForm):
    email = EmailField("E-mail", validators=[DataRequired(), Length(max=100)])
    name = StringField("Name", validators=[DataRequired(), Length(min=2)])
    palisade = PalisadeField("subscribe")  # Palisade


def create_app():
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY=os.environ.get("FLASK_SECRET_KEY", "of-an-example-and-not-secret"),
        PALISADE_URL=os.environ.get("PALISADE_URL", "http://127.0.0.1:8088"),  # Palisade
        PALISADE_SITEKEY="shop-1",
        PALISADE_SECRET=os.environ.get("PALISADE_SECRET", ""),
    )
    palisade.init_app(app)  # Palisade: mistakes in the settings stop the start here

    @app.route("/")
    def home():
        return render_template("home.html")

    @app.route("/contact", methods=["GET", "POST"])
    @palisade.protect("contact")  # Palisade
    def contact():
        if request.method == "POST":
            messages.append(request.form.get("message", ""))
            return redirect(url_for("thanks"))
        return render_template("contact.html")

    @app.route("/subscribe", methods=["GET", "POST"])
    def subscribe():
        form = Subscribe()
        if form.validate_on_submit():
            subscribers.append(form.email.data)
            return redirect(url_for("thanks"))
        return render_template("subscribe.html", form=form)

    @app.route("/thanks")
    def thanks():
        return render_template("thanks.html")

    @app.route("/effects")
    def effects():
        return jsonify(contact=len(messages), subscribe=len(subscribers))

    return app


app = create_app()

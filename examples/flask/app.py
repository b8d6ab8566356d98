"""An ordinary Flask app with a contact form and without a captcha."""

import os
import threading

from flask import Flask, jsonify, redirect, render_template, request
from flask_wtf import CSRFProtect, FlaskForm
from wtforms import EmailField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length, Regexp

app = Flask(__name__)
app.config["SECRET_KEY"] = os.environ.get("FLASK_SECRET_KEY", "for this example alone, not a secret")
csrf = CSRFProtect(app)

lock = threading.Lock()
counts = {"messages": 0, "subscriptions": 0}


def happened(what):
    with lock:
        counts[what] += 1


class ContactForm(FlaskForm):
    name = StringField("Name", validators=[DataRequired(), Length(max=50)])
    email = EmailField("E-mail", validators=[DataRequired(), Regexp(r"^\S+@\S+\.\S+$", message="Not an e-mail address.")])
    message = TextAreaField("Message", validators=[DataRequired(), Length(max=2000)])


@app.route("/")
def home():
    return render_template("home.html")


@app.route("/contact", methods=["GET", "POST"])
def contact():
    form = ContactForm()
    if form.validate_on_submit():
        happened("messages")
        return redirect("/thanks")
    return render_template("contact.html", form=form)


@app.route("/thanks")
def thanks():
    return render_template("thanks.html")


@app.route("/subscribe")
def subscribe():
    return render_template("subscribe.html")


@app.route("/api/subscribe", methods=["POST"])
@csrf.exempt
def api_subscribe():
    data = request.get_json(silent=True)
    email = data.get("email") if isinstance(data, dict) else None
    if not isinstance(email, str) or "@" not in email:
        return jsonify(error="Not an e-mail address."), 422
    happened("subscriptions")
    return jsonify(subscribed=email), 201


@app.route("/effects")
def effects():
    """The effects so far, for tests."""
    return jsonify(counts)

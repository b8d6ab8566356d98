from django.contrib.auth.forms import UserCreationForm
from palisade_forms.django import PalisadeMixin


class SignUpForm(PalisadeMixin, UserCreationForm):
    palisade_form = "signup"

from django.urls import path

from . import views

urlpatterns = [
    path("", views.home, name="home"),
    path("signup/", views.SignUp.as_view(), name="signup"),
    path("vote/", views.vote, name="vote"),
    path("effects", views.effects),
]

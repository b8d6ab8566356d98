from django.urls import path

from . import views

urlpatterns = [
    path("", views.home, name="home"),
    path("signup/", views.SignUp.as_view(), name="signup"),
    path("welcome/", views.welcome, name="welcome"),
    path("upload/", views.AddUpload.as_view(), name="upload"),
    path("comment/", views.AddComment.as_view(), name="comment"),
    path("effects", views.effects),
    path("uploads/latest", views.latest_upload),
]

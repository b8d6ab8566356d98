from django.db import models


class Upload(models.Model):
    title = models.CharField(max_length=100)
    notes = models.TextField(blank=True)
    document = models.FileField()


class Comment(models.Model):
    name = models.CharField(max_length=50)
    text = models.TextField(max_length=2000)
    written = models.DateTimeField(auto_now_add=True)

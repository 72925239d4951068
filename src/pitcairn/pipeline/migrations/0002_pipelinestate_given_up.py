from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('pipeline', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='pipelinestate',
            name='given_up',
            field=models.TextField(default='[]'),
        ),
    ]

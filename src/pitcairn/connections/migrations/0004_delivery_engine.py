from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('connections', '0003_schema'),
    ]

    operations = [
        migrations.CreateModel(
            name='ChunkProgress',
            fields=[
                ('chunk_id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('destination_id', models.BigIntegerField()),
                ('done', models.BinaryField(help_text='one bit for each message, the lowest of the first byte first')),
            ],
        ),
        migrations.CreateModel(
            name='DeliveryState',
            fields=[
                ('destination_id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('workspace_id', models.BigIntegerField()),
                ('circuit', models.CharField(default='closed', help_text='closed, open or paused', max_length=20)),
                ('reason', models.CharField(blank=True, max_length=60)),
                ('since', models.BigIntegerField(default=0)),
                ('until', models.BigIntegerField(default=0, help_text='when the next request is made')),
                ('discards', models.BigIntegerField(default=0, help_text='grows when the queue is discarded: the engine reads it anew')),
            ],
        ),
        migrations.AddIndex(
            model_name='waitingdelivery',
            index=models.Index(fields=['destination_id', 'person', 'id'], name='waiting_delivery_person'),
        ),
    ]

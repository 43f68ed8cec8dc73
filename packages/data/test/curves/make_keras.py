"""Writes keras.history with Keras 3.15.1 (pip install keras jax): the history of a fit whose rate rises in each epoch until
the loss is NaN. Run it in this folder."""
import json, os

os.environ['KERAS_BACKEND'] = 'jax'
import keras
import numpy as np

keras.utils.set_random_seed(1)
model = keras.Sequential([keras.layers.Dense(8, activation='tanh'), keras.layers.Dense(1)])
model.compile(optimizer=keras.optimizers.SGD(), loss='mse')
x = np.random.RandomState(0).normal(size=(512, 4))
y = x @ np.array([1.0, -2.0, 0.5, 0.0])[:, None]
rising = keras.callbacks.LearningRateScheduler(lambda epoch: 1e-4 * 1.35**epoch)
fit = model.fit(x, y, epochs=40, batch_size=64, verbose=0, validation_split=0.25, callbacks=[rising])
with open('keras.history', 'w') as file:
    json.dump(fit.history, file)

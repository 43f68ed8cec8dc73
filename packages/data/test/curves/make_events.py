"""Writes sweep.tfevents with tensorboardX 2.6.5 (pip install tensorboardX): a rate and a loss at each of 60 steps, NaN
as the last loss, and a validation loss at every tenth step. Run it in this folder."""
import glob, os, shutil
from tensorboardX import SummaryWriter

writer = SummaryWriter('events')
for step in range(60):
    lr = 1e-4 * 1.17**step
    noise = 0.003 * (step**2 * 7919 % 31 - 15)
    loss = float('nan') if step == 59 else 2.3 / (1 + lr * 20) + lr**2 / 4 + noise
    writer.add_scalar('train/lr', lr, step)
    writer.add_scalar('train/loss', loss, step)
    if step % 10 == 0:
        writer.add_scalar('val/loss', loss + 0.1, step)
writer.close()
shutil.move(glob.glob('events/*')[0], 'sweep.tfevents')
os.rmdir('events')

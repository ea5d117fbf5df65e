# ap_pipe.py: templates are calibrated exposures, of the visit that --templateId names.
from lsst.pipe.tasks.getTemplate import GetCalexpAsTemplateTask

config.differencer.getTemplate.retarget(GetCalexpAsTemplateTask)

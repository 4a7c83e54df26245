"""China Post EMS: the open platform for agreement customers (`api.ems.com.cn`)."""

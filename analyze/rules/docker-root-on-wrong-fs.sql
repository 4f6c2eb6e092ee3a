-- Docker's root is on a file system that does not suit it
-- catalogue: H8
-- severity: high
-- since: 0.3.0
-- layer: host
-- need: one host
-- blame: configuration
-- check: docker info -f '{{.Driver}} {{json .DriverStatus}}'; findmnt -T <mount_point>; xfs_info <mount_point> | grep ftype
-- remedy: mkfs.ext4, or mkfs.xfs -n ftype=1, on a new disk; stop docker, copy <mount_point> to it with rsync -aHAX, mount it there, start docker
-- risk: the node is away meanwhile, and so are its containers; drain it first
-- verify: docker info -f '{{json .DriverStatus}}': Supports d_type is true
-- undo: mount the old file system again and start docker
-- remedy: {"storage-driver": "overlay2"} in daemon.json, on a host whose driver is vfs, aufs or devicemapper
-- risk: images and containers of the old driver are not seen by the new one: they are pulled and made again, and what only their layers hold is lost
-- verify: docker info -f '{{.Driver}}'
-- undo: the old driver in daemon.json; what it had is still there
-- upstream: moby/moby#27443
-- limits: a root in memory is often meant (a test machine, a builder) and is told with low severity.
--
-- overlay2 stacks directories of one file system, and asks three things of it: that a directory's entries tell their type, that it has
-- extended attributes, and that it is local. XFS made with ftype=0, the default of RHEL and CentOS 7.2 and older, lacks the first:
-- files that an upper layer deleted show through again, renames fail, and removing an image says "device or resource busy".
-- Engines since 17.12 refuse a new root there and only warn of one that they find; the newest refuse both.
--
-- On NFS, CIFS, FUSE or another overlay the kernel refuses overlay2 or loses locks and attributes under it; dockerd
-- then falls back to vfs, which copies each layer whole: every start of a container takes minutes and gigabytes, so that tasks fail by
-- their time-out and the disk fills (disk-full).
WITH root AS (
  SELECT m.host, m.mount_point, m.fstype, m.d_type, m.ref,
    CASE WHEN m.d_type = 0 THEN 'its directories do not tell the type of an entry, which overlay2 needs'
      WHEN m.fstype IN ('nfs', 'nfs4', 'cifs', 'smb3', '9p', 'ceph', 'glusterfs', 'vboxsf') THEN 'it is on another machine'
      WHEN lower(m.fstype) LIKE 'fuse%' THEN 'it is in user space'
      WHEN m.fstype IN ('vfat', 'exfat', 'ntfs', 'ntfs3') THEN 'it has no owners and no modes'
      WHEN m.fstype IN ('overlay', 'aufs') AND (e.storage_driver IS NULL OR e.storage_driver <> 'fuse-overlayfs') THEN 'overlay2 cannot stand on an overlay'
      WHEN m.fstype IN ('tmpfs', 'ramfs') THEN 'it is in memory: full when the memory is, gone with a restart of the host' END AS why,
    CASE WHEN m.d_type = 0 THEN 1 WHEN m.fstype IN ('tmpfs', 'ramfs') THEN 0 ELSE 1 END AS bad, e.storage_driver, e.version
  FROM mount AS m LEFT JOIN engine AS e ON e.host = m.host
  WHERE m.docker_root = 1
), driver AS (
  SELECT e.host, e.storage_driver, e.version, e.backing_fs, e.ref,
    CASE WHEN e.d_type = 0 AND e.storage_driver IN ('overlay2', 'overlay') THEN 'its directories do not tell the type of an entry, which overlay2 needs'
      WHEN e.storage_driver = 'vfs' THEN 'the driver vfs copies every layer whole'
      WHEN e.storage_driver IN ('aufs', 'devicemapper', 'overlay') THEN 'engines since 25.0 have no driver ' || e.storage_driver || ' any more' END AS why,
    CASE WHEN e.d_type = 0 THEN 1 ELSE 0 END AS bad
  FROM engine AS e
), told AS (
  SELECT host, why, bad, fstype, mount_point, storage_driver, version, ref AS mount_ref, NULL AS engine_ref, 1 AS rank FROM root WHERE why IS NOT NULL
  UNION ALL
  SELECT host, why, bad, backing_fs, NULL, storage_driver, version, NULL, ref, 2 FROM driver WHERE why IS NOT NULL
), ranked AS (
  SELECT t.*, ROW_NUMBER() OVER (PARTITION BY t.host ORDER BY t.bad DESC, t.rank) AS place, MAX(t.engine_ref) OVER (PARTITION BY t.host) AS any_engine_ref
  FROM told AS t
)
SELECT
  r.host,
  'The root of Docker on ' || r.host || ' is on ' || COALESCE(r.fstype, 'a file system') || COALESCE(' at ' || r.mount_point, '') || ' with the driver ' || COALESCE(r.storage_driver, 'unknown') || ': ' || r.why AS summary,
  'host:' || r.host || '/docker-root' AS subject,
  CASE WHEN r.bad = 0 THEN 'low' END AS severity,
  r.mount_point,
  r.fstype,
  r.storage_driver,
  r.version AS engine,
  r.mount_ref,
  r.any_engine_ref AS engine_ref
FROM ranked AS r WHERE r.place = 1

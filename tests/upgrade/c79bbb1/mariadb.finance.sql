-- MariaDB dump 10.19  Distrib 10.11.19-MariaDB, for debian-linux-gnu (x86_64)
--
-- ------------------------------------------------------
-- Server version	10.11.19-MariaDB-0+deb12u1-log

/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!40101 SET @OLD_CHARACTER_SET_RESULTS=@@CHARACTER_SET_RESULTS */;
/*!40101 SET @OLD_COLLATION_CONNECTION=@@COLLATION_CONNECTION */;
/*!40101 SET NAMES utf8mb4 */;
/*!40103 SET @OLD_TIME_ZONE=@@TIME_ZONE */;
/*!40103 SET TIME_ZONE='+00:00' */;
/*!40014 SET @OLD_UNIQUE_CHECKS=@@UNIQUE_CHECKS, UNIQUE_CHECKS=0 */;
/*!40014 SET @OLD_FOREIGN_KEY_CHECKS=@@FOREIGN_KEY_CHECKS, FOREIGN_KEY_CHECKS=0 */;
/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;
/*!40111 SET @OLD_SQL_NOTES=@@SQL_NOTES, SQL_NOTES=0 */;

--
-- Table structure for table `fa_card`
--

DROP TABLE IF EXISTS `fa_card`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `fa_card` (
  `asset_code` varchar(160) NOT NULL,
  `name` varchar(160) NOT NULL,
  `class` varchar(160) NOT NULL,
  `dept` varchar(160) NOT NULL,
  `workshop` varchar(160) DEFAULT NULL,
  `acquired_month` date DEFAULT NULL,
  `method` varchar(160) NOT NULL,
  `life_months` int(11) NOT NULL,
  `residual_rate` decimal(6,4) NOT NULL,
  `original_value` decimal(18,2) NOT NULL,
  `accumulated_depreciation` decimal(18,2) NOT NULL,
  `impairment` decimal(18,2) NOT NULL,
  `origin` varchar(160) NOT NULL,
  `status` varchar(160) NOT NULL,
  `disposed_on` date DEFAULT NULL,
  PRIMARY KEY (`asset_code`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
/*!40101 SET character_set_client = @saved_cs_client */;

--
-- Dumping data for table `fa_card`
--

LOCK TABLES `fa_card` WRITE;
/*!40000 ALTER TABLE `fa_card` DISABLE KEYS */;
INSERT INTO `fa_card` VALUES ('FA-GJ-0002','模具','GJQJ','SC1','一车间','2021-09-01','straight_line',60,0.0500,18922.21,16178.40,0.00,'opening','in_use',NULL);
INSERT INTO `fa_card` VALUES ('FA-SC-0001','数控车床','JQSB','SC2','二车间','2023-04-01','straight_line',120,0.0500,72350.27,20046.95,0.00,'opening','disposed','2026-03-01');
INSERT INTO `fa_card` VALUES ('FA-SC-0003','空压机','JQSB','SC1','一车间','2021-04-01','straight_line',120,0.0500,291596.26,136199.73,0.00,'opening','in_use',NULL);
INSERT INTO `fa_card` VALUES ('FA-SC-0004','数控车床','JQSB','SC2','二车间','2019-07-01','straight_line',120,0.0500,183519.72,116228.80,0.00,'opening','in_use',NULL);
INSERT INTO `fa_card` VALUES ('FA-SC-0005','数控车床','JQSB','SC2','二车间','2020-02-01','straight_line',120,0.0500,465903.03,269253.20,0.00,'opening','in_use',NULL);
INSERT INTO `fa_card` VALUES ('FA-SC-3001','数控车床','JQSB','SC1','一车间','2026-03-01','straight_line',120,0.0500,160000.00,0.00,0.00,'addition','in_use',NULL);
INSERT INTO `fa_card` VALUES ('FA-SC-3002','数控车床','JQSB','SC1','一车间','2026-03-01','straight_line',120,0.0500,151572.95,0.00,0.00,'addition','cancelled',NULL);
INSERT INTO `fa_card` VALUES ('FA-SC-3003','数控车床','JQSB','SC1','一车间','2026-03-01','straight_line',132,0.0500,156573.95,0.00,0.00,'changed','in_use',NULL);
INSERT INTO `fa_card` VALUES ('FA-SC-3004','数控车床','JQSB','SC1','一车间','2026-03-01','straight_line',120,0.0500,151574.95,0.00,200.00,'changed','in_use',NULL);
INSERT INTO `fa_card` VALUES ('FA-SC-3005','数控车床','JQSB','YF',NULL,'2026-03-01','straight_line',120,0.0500,151575.95,0.00,0.00,'changed','in_use',NULL);
INSERT INTO `fa_card` VALUES ('FA-SC-3006','数控车床','JQSB','SC1','一车间','2026-03-01','straight_line',120,0.0500,151576.95,0.00,0.00,'addition','in_use',NULL);
INSERT INTO `fa_card` VALUES ('FA-SC-3101','数控车床','JQSB','SC1','一车间','2026-03-01','straight_line',120,0.0500,6000000.00,0.00,0.00,'addition','in_use',NULL);
INSERT INTO `fa_card` VALUES ('FA-SC-3202','数控车床','JQSB','SC1','一车间','2026-03-01','straight_line',120,0.0500,150000.00,0.00,0.00,'addition','in_use',NULL);
/*!40000 ALTER TABLE `fa_card` ENABLE KEYS */;
UNLOCK TABLES;

--
-- Table structure for table `gl_account`
--

DROP TABLE IF EXISTS `gl_account`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `gl_account` (
  `code` varchar(160) NOT NULL,
  `name` varchar(160) NOT NULL,
  `balance` varchar(160) NOT NULL,
  `leaf` int(11) NOT NULL,
  PRIMARY KEY (`code`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
/*!40101 SET character_set_client = @saved_cs_client */;

--
-- Dumping data for table `gl_account`
--

LOCK TABLES `gl_account` WRITE;
/*!40000 ALTER TABLE `gl_account` DISABLE KEYS */;
INSERT INTO `gl_account` VALUES ('1001','库存现金','debit',1);
INSERT INTO `gl_account` VALUES ('1002','银行存款','debit',1);
INSERT INTO `gl_account` VALUES ('1221','其他应收款','debit',1);
INSERT INTO `gl_account` VALUES ('1403','原材料','debit',1);
INSERT INTO `gl_account` VALUES ('1601','固定资产','debit',1);
INSERT INTO `gl_account` VALUES ('1602','累计折旧','credit',1);
INSERT INTO `gl_account` VALUES ('1603','固定资产减值准备','credit',1);
INSERT INTO `gl_account` VALUES ('1604','在建工程','debit',1);
INSERT INTO `gl_account` VALUES ('1606','固定资产清理','debit',1);
INSERT INTO `gl_account` VALUES ('1901','待处理财产损溢','debit',1);
INSERT INTO `gl_account` VALUES ('2202','应付账款','credit',1);
INSERT INTO `gl_account` VALUES ('2221','应交税费','credit',0);
INSERT INTO `gl_account` VALUES ('22210101','应交增值税—进项税额','debit',1);
INSERT INTO `gl_account` VALUES ('22210102','应交增值税—销项税额','credit',1);
INSERT INTO `gl_account` VALUES ('4001','实收资本','credit',1);
INSERT INTO `gl_account` VALUES ('5101','制造费用','debit',1);
INSERT INTO `gl_account` VALUES ('5301','研发支出','debit',1);
INSERT INTO `gl_account` VALUES ('6115','资产处置损益','credit',1);
INSERT INTO `gl_account` VALUES ('6301','营业外收入','credit',1);
INSERT INTO `gl_account` VALUES ('6601','销售费用','debit',1);
INSERT INTO `gl_account` VALUES ('6602','管理费用','debit',1);
INSERT INTO `gl_account` VALUES ('6701','资产减值损失','debit',1);
INSERT INTO `gl_account` VALUES ('6711','营业外支出','debit',1);
INSERT INTO `gl_account` VALUES ('6901','以前年度损益调整','debit',1);
/*!40000 ALTER TABLE `gl_account` ENABLE KEYS */;
UNLOCK TABLES;

--
-- Table structure for table `gl_department`
--

DROP TABLE IF EXISTS `gl_department`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `gl_department` (
  `code` varchar(160) NOT NULL,
  `name` varchar(160) NOT NULL,
  PRIMARY KEY (`code`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
/*!40101 SET character_set_client = @saved_cs_client */;

--
-- Dumping data for table `gl_department`
--

LOCK TABLES `gl_department` WRITE;
/*!40000 ALTER TABLE `gl_department` DISABLE KEYS */;
INSERT INTO `gl_department` VALUES ('GL','综合管理部');
INSERT INTO `gl_department` VALUES ('SC1','生产部');
INSERT INTO `gl_department` VALUES ('SC2','生产部');
INSERT INTO `gl_department` VALUES ('SC3','生产部');
INSERT INTO `gl_department` VALUES ('XS','销售部');
INSERT INTO `gl_department` VALUES ('YF','研发中心');
/*!40000 ALTER TABLE `gl_department` ENABLE KEYS */;
UNLOCK TABLES;

--
-- Table structure for table `gl_entry`
--

DROP TABLE IF EXISTS `gl_entry`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `gl_entry` (
  `period` varchar(160) NOT NULL,
  `type` varchar(160) NOT NULL,
  `number` int(11) NOT NULL,
  `line` int(11) NOT NULL,
  `summary` varchar(160) NOT NULL,
  `account` varchar(160) NOT NULL,
  `debit` decimal(18,2) NOT NULL,
  `credit` decimal(18,2) NOT NULL,
  `dept` varchar(160) DEFAULT NULL,
  `workshop` varchar(160) DEFAULT NULL,
  `class` varchar(160) DEFAULT NULL,
  `asset` varchar(160) DEFAULT NULL,
  `supplier` varchar(160) DEFAULT NULL,
  PRIMARY KEY (`period`,`type`,`number`,`line`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
/*!40101 SET character_set_client = @saved_cs_client */;

--
-- Dumping data for table `gl_entry`
--

LOCK TABLES `gl_entry` WRITE;
/*!40000 ALTER TABLE `gl_entry` DISABLE KEYS */;
INSERT INTO `gl_entry` VALUES ('2026-02','记',1,1,'期初余额','1601',18922.21,0.00,'SC1',NULL,'GJQJ',NULL,NULL);
INSERT INTO `gl_entry` VALUES ('2026-02','记',1,2,'期初余额','1601',291596.26,0.00,'SC1',NULL,'JQSB',NULL,NULL);
INSERT INTO `gl_entry` VALUES ('2026-02','记',1,3,'期初余额','1601',721773.02,0.00,'SC2',NULL,'JQSB',NULL,NULL);
INSERT INTO `gl_entry` VALUES ('2026-02','记',1,4,'期初余额','1602',0.00,15878.80,'SC1',NULL,'GJQJ',NULL,NULL);
INSERT INTO `gl_entry` VALUES ('2026-02','记',1,5,'期初余额','1602',0.00,133891.26,'SC1',NULL,'JQSB',NULL,NULL);
INSERT INTO `gl_entry` VALUES ('2026-02','记',1,6,'期初余额','1602',0.00,399814.92,'SC2',NULL,'JQSB',NULL,NULL);
INSERT INTO `gl_entry` VALUES ('2026-02','记',1,7,'期初余额','1002',60000000.00,0.00,NULL,NULL,NULL,NULL,NULL);
INSERT INTO `gl_entry` VALUES ('2026-02','记',1,8,'期初余额','4001',0.00,60482706.51,NULL,NULL,NULL,NULL,NULL);
INSERT INTO `gl_entry` VALUES ('2026-03','记',1,1,'提取备用金','1001',20000.00,0.00,NULL,NULL,NULL,NULL,NULL);
INSERT INTO `gl_entry` VALUES ('2026-03','记',1,2,'提取备用金','1002',0.00,20000.00,NULL,NULL,NULL,NULL,NULL);
INSERT INTO `gl_entry` VALUES ('2026-03','记',2,1,'固定资产增加 FA-SC-3001 数控车床','1601',151571.95,0.00,'SC1',NULL,'JQSB','FA-SC-3001',NULL);
INSERT INTO `gl_entry` VALUES ('2026-03','记',2,2,'固定资产增加 FA-SC-3001 数控车床','22210101',130.00,0.00,NULL,NULL,NULL,NULL,NULL);
INSERT INTO `gl_entry` VALUES ('2026-03','记',2,3,'固定资产增加 FA-SC-3001 数控车床','1002',0.00,151701.95,NULL,NULL,NULL,NULL,NULL);
INSERT INTO `gl_entry` VALUES ('2026-03','记',3,1,'固定资产增加 FA-SC-3002 数控车床','1601',151572.95,0.00,'SC1',NULL,'JQSB','FA-SC-3002',NULL);
INSERT INTO `gl_entry` VALUES ('2026-03','记',3,2,'固定资产增加 FA-SC-3002 数控车床','22210101',130.00,0.00,NULL,NULL,NULL,NULL,NULL);
INSERT INTO `gl_entry` VALUES ('2026-03','记',3,3,'固定资产增加 FA-SC-3002 数控车床','1002',0.00,151702.95,NULL,NULL,NULL,NULL,NULL);
INSERT INTO `gl_entry` VALUES ('2026-03','记',4,1,'固定资产增加 FA-SC-3003 数控车床','1601',151573.95,0.00,'SC1',NULL,'JQSB','FA-SC-3003',NULL);
INSERT INTO `gl_entry` VALUES ('2026-03','记',4,2,'固定资产增加 FA-SC-3003 数控车床','22210101',130.00,0.00,NULL,NULL,NULL,NULL,NULL);
INSERT INTO `gl_entry` VALUES ('2026-03','记',4,3,'固定资产增加 FA-SC-3003 数控车床','1002',0.00,151703.95,NULL,NULL,NULL,NULL,NULL);
INSERT INTO `gl_entry` VALUES ('2026-03','记',5,1,'固定资产增加 FA-SC-3004 数控车床','1601',151574.95,0.00,'SC1',NULL,'JQSB','FA-SC-3004',NULL);
INSERT INTO `gl_entry` VALUES ('2026-03','记',5,2,'固定资产增加 FA-SC-3004 数控车床','22210101',130.00,0.00,NULL,NULL,NULL,NULL,NULL);
INSERT INTO `gl_entry` VALUES ('2026-03','记',5,3,'固定资产增加 FA-SC-3004 数控车床','1002',0.00,151704.95,NULL,NULL,NULL,NULL,NULL);
INSERT INTO `gl_entry` VALUES ('2026-03','记',6,1,'固定资产增加 FA-SC-3005 数控车床','1601',151575.95,0.00,'SC1',NULL,'JQSB','FA-SC-3005',NULL);
INSERT INTO `gl_entry` VALUES ('2026-03','记',6,2,'固定资产增加 FA-SC-3005 数控车床','22210101',130.00,0.00,NULL,NULL,NULL,NULL,NULL);
INSERT INTO `gl_entry` VALUES ('2026-03','记',6,3,'固定资产增加 FA-SC-3005 数控车床','1002',0.00,151705.95,NULL,NULL,NULL,NULL,NULL);
INSERT INTO `gl_entry` VALUES ('2026-03','记',7,1,'固定资产增加 FA-SC-3006 数控车床','1601',151576.95,0.00,'SC1',NULL,'JQSB','FA-SC-3006',NULL);
INSERT INTO `gl_entry` VALUES ('2026-03','记',7,2,'固定资产增加 FA-SC-3006 数控车床','22210101',130.00,0.00,NULL,NULL,NULL,NULL,NULL);
INSERT INTO `gl_entry` VALUES ('2026-03','记',7,3,'固定资产增加 FA-SC-3006 数控车床','1002',0.00,151706.95,NULL,NULL,NULL,NULL,NULL);
INSERT INTO `gl_entry` VALUES ('2026-03','记',8,1,'更正固定资产增加 FA-SC-3001 数控车床','1601',160000.00,0.00,'SC1',NULL,'JQSB','FA-SC-3001',NULL);
INSERT INTO `gl_entry` VALUES ('2026-03','记',8,2,'更正固定资产增加 FA-SC-3001 数控车床','22210101',130.00,0.00,NULL,NULL,NULL,NULL,NULL);
INSERT INTO `gl_entry` VALUES ('2026-03','记',8,3,'更正固定资产增加 FA-SC-3001 数控车床','1002',0.00,160130.00,NULL,NULL,NULL,NULL,NULL);
INSERT INTO `gl_entry` VALUES ('2026-03','记',9,1,'固定资产改造 FA-SC-3003 数控车床','1601',5000.00,0.00,'SC1',NULL,'JQSB','FA-SC-3003',NULL);
INSERT INTO `gl_entry` VALUES ('2026-03','记',9,2,'固定资产改造 FA-SC-3003 数控车床','1002',0.00,5000.00,NULL,NULL,NULL,NULL,NULL);
INSERT INTO `gl_entry` VALUES ('2026-03','记',10,1,'计提固定资产减值准备 FA-SC-3004 数控车床','6701',200.00,0.00,'SC1',NULL,NULL,NULL,NULL);
INSERT INTO `gl_entry` VALUES ('2026-03','记',10,2,'计提固定资产减值准备 FA-SC-3004 数控车床','1603',0.00,200.00,'SC1',NULL,'JQSB','FA-SC-3004',NULL);
INSERT INTO `gl_entry` VALUES ('2026-03','记',11,1,'设备维修 FA-SC-3004 数控车床','5101',320.00,0.00,'SC1','一车间',NULL,NULL,NULL);
INSERT INTO `gl_entry` VALUES ('2026-03','记',11,2,'设备维修 FA-SC-3004 数控车床','22210101',41.60,0.00,NULL,NULL,NULL,NULL,NULL);
INSERT INTO `gl_entry` VALUES ('2026-03','记',11,3,'设备维修 FA-SC-3004 数控车床','1002',0.00,361.60,NULL,NULL,NULL,NULL,NULL);
INSERT INTO `gl_entry` VALUES ('2026-03','记',12,1,'固定资产调拨 FA-SC-3005 数控车床','1601',151575.95,0.00,'YF',NULL,'JQSB','FA-SC-3005',NULL);
INSERT INTO `gl_entry` VALUES ('2026-03','记',12,2,'固定资产调拨 FA-SC-3005 数控车床','1601',0.00,151575.95,'SC1',NULL,'JQSB','FA-SC-3005',NULL);
INSERT INTO `gl_entry` VALUES ('2026-03','记',13,1,'处置当月折旧 2026-03 FA-SC-0001','5101',572.77,0.00,'SC2','二车间','JQSB',NULL,NULL);
INSERT INTO `gl_entry` VALUES ('2026-03','记',13,2,'处置当月折旧 2026-03 FA-SC-0001','1602',0.00,572.77,'SC2','二车间','JQSB',NULL,NULL);
INSERT INTO `gl_entry` VALUES ('2026-03','记',14,1,'固定资产出售 FA-SC-0001 数控车床','1606',52303.32,0.00,NULL,NULL,NULL,'FA-SC-0001',NULL);
INSERT INTO `gl_entry` VALUES ('2026-03','记',14,2,'固定资产出售 FA-SC-0001 数控车床','1602',20046.95,0.00,'SC2',NULL,'JQSB','FA-SC-0001',NULL);
INSERT INTO `gl_entry` VALUES ('2026-03','记',14,3,'固定资产出售 FA-SC-0001 数控车床','1601',0.00,72350.27,'SC2',NULL,'JQSB','FA-SC-0001',NULL);
INSERT INTO `gl_entry` VALUES ('2026-03','记',14,4,'清理收入 FA-SC-0001','1002',1017.00,0.00,NULL,NULL,NULL,NULL,NULL);
INSERT INTO `gl_entry` VALUES ('2026-03','记',14,5,'清理收入 FA-SC-0001','1606',0.00,900.00,NULL,NULL,NULL,'FA-SC-0001',NULL);
INSERT INTO `gl_entry` VALUES ('2026-03','记',14,6,'清理收入 FA-SC-0001','22210102',0.00,117.00,NULL,NULL,NULL,NULL,NULL);
INSERT INTO `gl_entry` VALUES ('2026-03','记',14,7,'结转处置净损失 FA-SC-0001','6115',51403.32,0.00,'SC2',NULL,NULL,NULL,NULL);
INSERT INTO `gl_entry` VALUES ('2026-03','记',14,8,'结转处置净损失 FA-SC-0001','1606',0.00,51403.32,NULL,NULL,NULL,'FA-SC-0001',NULL);
INSERT INTO `gl_entry` VALUES ('2026-03','记',15,1,'计提折旧 2026-03 生产部一车间 GJQJ','5101',299.60,0.00,'SC1','一车间','GJQJ',NULL,NULL);
INSERT INTO `gl_entry` VALUES ('2026-03','记',15,2,'计提折旧 2026-03 生产部一车间 GJQJ','1602',0.00,299.60,'SC1','一车间','GJQJ',NULL,NULL);
INSERT INTO `gl_entry` VALUES ('2026-03','记',16,1,'计提折旧 2026-03 生产部一车间 JQSB','5101',2308.47,0.00,'SC1','一车间','JQSB',NULL,NULL);
INSERT INTO `gl_entry` VALUES ('2026-03','记',16,2,'计提折旧 2026-03 生产部一车间 JQSB','1602',0.00,2308.47,'SC1','一车间','JQSB',NULL,NULL);
INSERT INTO `gl_entry` VALUES ('2026-03','记',17,1,'计提折旧 2026-03 生产部二车间 JQSB','5101',5141.26,0.00,'SC2','二车间','JQSB',NULL,NULL);
INSERT INTO `gl_entry` VALUES ('2026-03','记',17,2,'计提折旧 2026-03 生产部二车间 JQSB','1602',0.00,5141.26,'SC2','二车间','JQSB',NULL,NULL);
INSERT INTO `gl_entry` VALUES ('2026-03','记',18,1,'固定资产增加 FA-SC-3101 数控车床','1601',6000000.00,0.00,'SC1',NULL,'JQSB','FA-SC-3101',NULL);
INSERT INTO `gl_entry` VALUES ('2026-03','记',18,2,'固定资产增加 FA-SC-3101 数控车床','22210101',130.00,0.00,NULL,NULL,NULL,NULL,NULL);
INSERT INTO `gl_entry` VALUES ('2026-03','记',18,3,'固定资产增加 FA-SC-3101 数控车床','1002',0.00,6000130.00,NULL,NULL,NULL,NULL,NULL);
INSERT INTO `gl_entry` VALUES ('2026-03','记',19,1,'固定资产增加 FA-SC-3202 数控车床','1601',150000.00,0.00,'SC1',NULL,'JQSB','FA-SC-3202',NULL);
INSERT INTO `gl_entry` VALUES ('2026-03','记',19,2,'固定资产增加 FA-SC-3202 数控车床','22210101',130.00,0.00,NULL,NULL,NULL,NULL,NULL);
INSERT INTO `gl_entry` VALUES ('2026-03','记',19,3,'固定资产增加 FA-SC-3202 数控车床','1002',0.00,150130.00,NULL,NULL,NULL,NULL,NULL);
INSERT INTO `gl_entry` VALUES ('2026-11','记',1,1,'固定资产增加 FA-SC-3001 数控车床','1601',-151571.95,0.00,'SC1',NULL,'JQSB','FA-SC-3001',NULL);
INSERT INTO `gl_entry` VALUES ('2026-11','记',1,2,'固定资产增加 FA-SC-3001 数控车床','22210101',-130.00,0.00,NULL,NULL,NULL,NULL,NULL);
INSERT INTO `gl_entry` VALUES ('2026-11','记',1,3,'固定资产增加 FA-SC-3001 数控车床','1002',0.00,-151701.95,NULL,NULL,NULL,NULL,NULL);
INSERT INTO `gl_entry` VALUES ('2026-11','记',2,1,'固定资产增加 FA-SC-3002 数控车床','1601',-151572.95,0.00,'SC1',NULL,'JQSB','FA-SC-3002',NULL);
INSERT INTO `gl_entry` VALUES ('2026-11','记',2,2,'固定资产增加 FA-SC-3002 数控车床','22210101',-130.00,0.00,NULL,NULL,NULL,NULL,NULL);
INSERT INTO `gl_entry` VALUES ('2026-11','记',2,3,'固定资产增加 FA-SC-3002 数控车床','1002',0.00,-151702.95,NULL,NULL,NULL,NULL,NULL);
/*!40000 ALTER TABLE `gl_entry` ENABLE KEYS */;
UNLOCK TABLES;

--
-- Table structure for table `gl_period`
--

DROP TABLE IF EXISTS `gl_period`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `gl_period` (
  `code` varchar(160) NOT NULL,
  `starts_on` date NOT NULL,
  `ends_on` date NOT NULL,
  `status` varchar(160) NOT NULL,
  PRIMARY KEY (`code`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
/*!40101 SET character_set_client = @saved_cs_client */;

--
-- Dumping data for table `gl_period`
--

LOCK TABLES `gl_period` WRITE;
/*!40000 ALTER TABLE `gl_period` DISABLE KEYS */;
INSERT INTO `gl_period` VALUES ('2025-01','2025-01-01','2025-01-31','closed');
INSERT INTO `gl_period` VALUES ('2025-02','2025-02-01','2025-02-28','closed');
INSERT INTO `gl_period` VALUES ('2025-03','2025-03-01','2025-03-31','closed');
INSERT INTO `gl_period` VALUES ('2025-04','2025-04-01','2025-04-30','closed');
INSERT INTO `gl_period` VALUES ('2025-05','2025-05-01','2025-05-31','closed');
INSERT INTO `gl_period` VALUES ('2025-06','2025-06-01','2025-06-30','closed');
INSERT INTO `gl_period` VALUES ('2025-07','2025-07-01','2025-07-31','closed');
INSERT INTO `gl_period` VALUES ('2025-08','2025-08-01','2025-08-31','closed');
INSERT INTO `gl_period` VALUES ('2025-09','2025-09-01','2025-09-30','closed');
INSERT INTO `gl_period` VALUES ('2025-10','2025-10-01','2025-10-31','closed');
INSERT INTO `gl_period` VALUES ('2025-11','2025-11-01','2025-11-30','closed');
INSERT INTO `gl_period` VALUES ('2025-12','2025-12-01','2025-12-31','closed');
INSERT INTO `gl_period` VALUES ('2026-01','2026-01-01','2026-01-31','closed');
INSERT INTO `gl_period` VALUES ('2026-02','2026-02-01','2026-02-28','closed');
INSERT INTO `gl_period` VALUES ('2026-03','2026-03-01','2026-03-31','open');
INSERT INTO `gl_period` VALUES ('2026-04','2026-04-01','2026-04-30','open');
INSERT INTO `gl_period` VALUES ('2026-05','2026-05-01','2026-05-31','open');
INSERT INTO `gl_period` VALUES ('2026-06','2026-06-01','2026-06-30','open');
INSERT INTO `gl_period` VALUES ('2026-07','2026-07-01','2026-07-31','open');
INSERT INTO `gl_period` VALUES ('2026-08','2026-08-01','2026-08-31','open');
INSERT INTO `gl_period` VALUES ('2026-09','2026-09-01','2026-09-30','open');
INSERT INTO `gl_period` VALUES ('2026-10','2026-10-01','2026-10-31','open');
INSERT INTO `gl_period` VALUES ('2026-11','2026-11-01','2026-11-30','open');
INSERT INTO `gl_period` VALUES ('2026-12','2026-12-01','2026-12-31','open');
INSERT INTO `gl_period` VALUES ('2027-01','2027-01-01','2027-01-31','open');
INSERT INTO `gl_period` VALUES ('2027-02','2027-02-01','2027-02-28','open');
INSERT INTO `gl_period` VALUES ('2027-03','2027-03-01','2027-03-31','open');
INSERT INTO `gl_period` VALUES ('2027-04','2027-04-01','2027-04-30','open');
INSERT INTO `gl_period` VALUES ('2027-05','2027-05-01','2027-05-31','open');
INSERT INTO `gl_period` VALUES ('2027-06','2027-06-01','2027-06-30','open');
INSERT INTO `gl_period` VALUES ('2027-07','2027-07-01','2027-07-31','open');
INSERT INTO `gl_period` VALUES ('2027-08','2027-08-01','2027-08-31','open');
INSERT INTO `gl_period` VALUES ('2027-09','2027-09-01','2027-09-30','open');
INSERT INTO `gl_period` VALUES ('2027-10','2027-10-01','2027-10-31','open');
INSERT INTO `gl_period` VALUES ('2027-11','2027-11-01','2027-11-30','open');
INSERT INTO `gl_period` VALUES ('2027-12','2027-12-01','2027-12-31','open');
/*!40000 ALTER TABLE `gl_period` ENABLE KEYS */;
UNLOCK TABLES;

--
-- Table structure for table `gl_voucher`
--

DROP TABLE IF EXISTS `gl_voucher`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `gl_voucher` (
  `period` varchar(160) NOT NULL,
  `type` varchar(160) NOT NULL,
  `number` int(11) NOT NULL,
  `voucher_date` date NOT NULL,
  `event_date` date NOT NULL,
  `summary` varchar(160) NOT NULL,
  `debit` decimal(18,2) NOT NULL,
  `credit` decimal(18,2) NOT NULL,
  `external_key` varchar(160) DEFAULT NULL,
  PRIMARY KEY (`period`,`type`,`number`),
  UNIQUE KEY `external_key` (`external_key`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
/*!40101 SET character_set_client = @saved_cs_client */;

--
-- Dumping data for table `gl_voucher`
--

LOCK TABLES `gl_voucher` WRITE;
/*!40000 ALTER TABLE `gl_voucher` DISABLE KEYS */;
INSERT INTO `gl_voucher` VALUES ('2026-02','记',1,'2026-02-28','2026-02-28','期初余额',61032291.49,61032291.49,NULL);
INSERT INTO `gl_voucher` VALUES ('2026-03','记',1,'2026-03-01','2026-03-01','提取备用金',20000.00,20000.00,NULL);
INSERT INTO `gl_voucher` VALUES ('2026-03','记',2,'2026-03-01','2026-03-01','固定资产增加 FA-SC-3001 数控车床',151701.95,151701.95,'registration/FA-SC-3001');
INSERT INTO `gl_voucher` VALUES ('2026-03','记',3,'2026-03-01','2026-03-01','固定资产增加 FA-SC-3002 数控车床',151702.95,151702.95,'registration/FA-SC-3002');
INSERT INTO `gl_voucher` VALUES ('2026-03','记',4,'2026-03-01','2026-03-01','固定资产增加 FA-SC-3003 数控车床',151703.95,151703.95,'registration/FA-SC-3003');
INSERT INTO `gl_voucher` VALUES ('2026-03','记',5,'2026-03-01','2026-03-01','固定资产增加 FA-SC-3004 数控车床',151704.95,151704.95,'registration/FA-SC-3004');
INSERT INTO `gl_voucher` VALUES ('2026-03','记',6,'2026-03-01','2026-03-01','固定资产增加 FA-SC-3005 数控车床',151705.95,151705.95,'registration/FA-SC-3005');
INSERT INTO `gl_voucher` VALUES ('2026-03','记',7,'2026-03-01','2026-03-01','固定资产增加 FA-SC-3006 数控车床',151706.95,151706.95,'registration/FA-SC-3006');
INSERT INTO `gl_voucher` VALUES ('2026-03','记',8,'2026-03-01','2026-03-01','更正固定资产增加 FA-SC-3001 数控车床',160130.00,160130.00,'registration_corrected/s0000000000000007/');
INSERT INTO `gl_voucher` VALUES ('2026-03','记',9,'2026-03-01','2026-03-01','固定资产改造 FA-SC-3003 数控车床',5000.00,5000.00,'upgrade/1');
INSERT INTO `gl_voucher` VALUES ('2026-03','记',10,'2026-03-01','2026-03-01','计提固定资产减值准备 FA-SC-3004 数控车床',200.00,200.00,'impairment/1');
INSERT INTO `gl_voucher` VALUES ('2026-03','记',11,'2026-03-01','2026-02-26','设备维修 FA-SC-3004 数控车床',361.60,361.60,'repair/1');
INSERT INTO `gl_voucher` VALUES ('2026-03','记',12,'2026-03-01','2026-03-01','固定资产调拨 FA-SC-3005 数控车床',151575.95,151575.95,'transfer/1');
INSERT INTO `gl_voucher` VALUES ('2026-03','记',13,'2026-03-31','2026-03-31','处置当月折旧 2026-03 FA-SC-0001',572.77,572.77,'single_depreciation/1|2026-03|1');
INSERT INTO `gl_voucher` VALUES ('2026-03','记',14,'2026-03-01','2026-03-01','固定资产出售 FA-SC-0001 数控车床',124770.59,124770.59,'disposal/1');
INSERT INTO `gl_voucher` VALUES ('2026-03','记',15,'2026-03-31','2026-03-31','计提折旧 2026-03 生产部一车间 GJQJ',299.60,299.60,'monthly_depreciation/2026-03|SC1|一车间|GJQJ/1');
INSERT INTO `gl_voucher` VALUES ('2026-03','记',16,'2026-03-31','2026-03-31','计提折旧 2026-03 生产部一车间 JQSB',2308.47,2308.47,'monthly_depreciation/2026-03|SC1|一车间|JQSB/1');
INSERT INTO `gl_voucher` VALUES ('2026-03','记',17,'2026-03-31','2026-03-31','计提折旧 2026-03 生产部二车间 JQSB',5141.26,5141.26,'monthly_depreciation/2026-03|SC2|二车间|JQSB/1');
INSERT INTO `gl_voucher` VALUES ('2026-03','记',18,'2026-03-01','2026-03-01','固定资产增加 FA-SC-3101 数控车床',6000130.00,6000130.00,'registration/FA-SC-3101');
INSERT INTO `gl_voucher` VALUES ('2026-03','记',19,'2026-03-01','2026-03-01','固定资产增加 FA-SC-3202 数控车床',150130.00,150130.00,'registration/FA-SC-3202');
INSERT INTO `gl_voucher` VALUES ('2026-11','记',1,'2026-11-28','2026-11-28','冲销 2026-03 记-2 固定资产增加 FA-SC-3001 数控车床',-151701.95,-151701.95,'registration_cancelled/s0000000000000007/');
INSERT INTO `gl_voucher` VALUES ('2026-11','记',2,'2026-11-28','2026-11-28','冲销 2026-03 记-3 固定资产增加 FA-SC-3002 数控车床',-151702.95,-151702.95,'registration_taken_back/s0000000000000008/');
/*!40000 ALTER TABLE `gl_voucher` ENABLE KEYS */;
UNLOCK TABLES;

--
-- Table structure for table `syncd_acceptance`
--

DROP TABLE IF EXISTS `syncd_acceptance`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `syncd_acceptance` (
  `mapping` varchar(128) NOT NULL,
  `hash` longtext NOT NULL,
  `actor` longtext NOT NULL,
  `reason` longtext NOT NULL,
  `accepted_at` varchar(128) NOT NULL,
  PRIMARY KEY (`mapping`,`accepted_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin ROW_FORMAT=DYNAMIC;
/*!40101 SET character_set_client = @saved_cs_client */;

--
-- Dumping data for table `syncd_acceptance`
--

LOCK TABLES `syncd_acceptance` WRITE;
/*!40000 ALTER TABLE `syncd_acceptance` DISABLE KEYS */;
INSERT INTO `syncd_acceptance` VALUES ('demo','316f310a56d2323b2c0006a6284cd492','clerk','recorded','2026-11-28T12:03:28.995694Z');
/*!40000 ALTER TABLE `syncd_acceptance` ENABLE KEYS */;
UNLOCK TABLES;

--
-- Table structure for table `syncd_action`
--

DROP TABLE IF EXISTS `syncd_action`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `syncd_action` (
  `seq` bigint(20) NOT NULL,
  `at` longtext NOT NULL,
  `actor` longtext NOT NULL,
  `action` longtext NOT NULL,
  `pipeline` longtext NOT NULL,
  `target` longtext NOT NULL,
  `reason` longtext NOT NULL,
  `detail` longtext NOT NULL,
  `hash` longtext NOT NULL,
  PRIMARY KEY (`seq`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin ROW_FORMAT=DYNAMIC;
/*!40101 SET character_set_client = @saved_cs_client */;

--
-- Dumping data for table `syncd_action`
--

LOCK TABLES `syncd_action` WRITE;
/*!40000 ALTER TABLE `syncd_action` DISABLE KEYS */;
INSERT INTO `syncd_action` VALUES (1,'2026-11-28T12:03:28.995694Z','clerk','accept','','mapping/demo','recorded','{\"hash\": \"316f310a56d2323b2c0006a6284cd492\"}','9fab74a3dfbfccb96e3da18089c9478476cd15de5c6daefccea86232484cd327');
INSERT INTO `syncd_action` VALUES (2,'2026-11-28T12:03:29.621723Z','clerk','approve','demo','parked/3','recorded','{\"rule\": \"registration\", \"role\": \"finance\"}','68c76654b3d1154e28d6caead0a777ea13bbab09411434bce7813e94925d8b47');
INSERT INTO `syncd_action` VALUES (3,'2026-11-28T12:03:29.916874Z','clerk','edit','demo','parked/8','recorded','{\"original_value\": [{\"malformed\": \"15万\", \"reason\": \"malformed_number\"}, \"150000.00\"]}','2a00d45837dba9529e6c78c3e61f9ed3486120b2a2dc64f99d573aa78ddef392');
INSERT INTO `syncd_action` VALUES (4,'2026-11-28T12:03:30.477693Z','clerk','discard','demo','parked/9','recorded','{}','7f41ecff9240324df44b669264411bb63042b256da1d82f30c74f860682aebec');
INSERT INTO `syncd_action` VALUES (5,'2026-11-28T12:03:31.918969Z','clerk','discard','demo','parked/11','recorded','{}','5bc038860291af0c3cd3d6fea5596b5e421b46f159405e76a0d2f5c31b07a868');
/*!40000 ALTER TABLE `syncd_action` ENABLE KEYS */;
UNLOCK TABLES;

--
-- Table structure for table `syncd_chain`
--

DROP TABLE IF EXISTS `syncd_chain`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `syncd_chain` (
  `name` varchar(128) NOT NULL,
  `seq` bigint(20) NOT NULL,
  `hash` longtext NOT NULL,
  PRIMARY KEY (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin ROW_FORMAT=DYNAMIC;
/*!40101 SET character_set_client = @saved_cs_client */;

--
-- Dumping data for table `syncd_chain`
--

LOCK TABLES `syncd_chain` WRITE;
/*!40000 ALTER TABLE `syncd_chain` DISABLE KEYS */;
INSERT INTO `syncd_chain` VALUES ('action',5,'5bc038860291af0c3cd3d6fea5596b5e421b46f159405e76a0d2f5c31b07a868');
/*!40000 ALTER TABLE `syncd_chain` ENABLE KEYS */;
UNLOCK TABLES;

--
-- Table structure for table `syncd_collected`
--

DROP TABLE IF EXISTS `syncd_collected`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `syncd_collected` (
  `pipeline` varchar(128) NOT NULL,
  `key` varchar(512) NOT NULL,
  `rule` varchar(128) NOT NULL,
  `grp` varchar(512) NOT NULL,
  `subject` varchar(512) NOT NULL,
  `change` longtext NOT NULL,
  `position` longtext NOT NULL,
  `due` bigint(20) NOT NULL,
  `posted` longtext NOT NULL,
  PRIMARY KEY (`pipeline`,`key`),
  KEY `syncd_collected_subject` (`subject`),
  KEY `syncd_collected_open` (`pipeline`,`rule`,`grp`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin ROW_FORMAT=DYNAMIC;
/*!40101 SET character_set_client = @saved_cs_client */;

--
-- Dumping data for table `syncd_collected`
--

LOCK TABLES `syncd_collected` WRITE;
/*!40000 ALTER TABLE `syncd_collected` DISABLE KEYS */;
INSERT INTO `syncd_collected` VALUES ('demo','monthly_depreciation/11|2026-04|1','monthly_depreciation','2026-04|SC1|一车间|JQSB','FA-SC-3003','{\"table\":\"deprec\",\"op\":\"insert\",\"before\":null,\"after\":{\"asset_id\":11,\"period\":\"2026-04\",\"line\":1,\"kind\":\"month\",\"department_id\":1,\"amount\":\"1126.86\",\"charged_on\":\"2026-04-30\"},\"position\":\"s0000000000000032\",\"committed_at\":\"2026-11-28T12:03:29.562000Z\"}','s0000000000000032',1,'');
INSERT INTO `syncd_collected` VALUES ('demo','monthly_depreciation/11|2026-05|1','monthly_depreciation','2026-05|SC1|一车间|JQSB','FA-SC-3003','{\"table\":\"deprec\",\"op\":\"insert\",\"before\":null,\"after\":{\"asset_id\":11,\"period\":\"2026-05\",\"line\":1,\"kind\":\"month\",\"department_id\":1,\"amount\":\"1126.86\",\"charged_on\":\"2026-05-31\"},\"position\":\"s0000000000000048\",\"committed_at\":\"2026-11-28T12:03:29.570000Z\"}','s0000000000000048',0,'');
INSERT INTO `syncd_collected` VALUES ('demo','monthly_depreciation/12|2026-04|1','monthly_depreciation','2026-04|SC1|一车间|JQSB','FA-SC-3004','{\"table\":\"deprec\",\"op\":\"insert\",\"before\":null,\"after\":{\"asset_id\":12,\"period\":\"2026-04\",\"line\":1,\"kind\":\"month\",\"department_id\":1,\"amount\":\"1198.30\",\"charged_on\":\"2026-04-30\"},\"position\":\"s0000000000000033\",\"committed_at\":\"2026-11-28T12:03:29.562000Z\"}','s0000000000000033',1,'');
INSERT INTO `syncd_collected` VALUES ('demo','monthly_depreciation/12|2026-05|1','monthly_depreciation','2026-05|SC1|一车间|JQSB','FA-SC-3004','{\"table\":\"deprec\",\"op\":\"insert\",\"before\":null,\"after\":{\"asset_id\":12,\"period\":\"2026-05\",\"line\":1,\"kind\":\"month\",\"department_id\":1,\"amount\":\"1198.30\",\"charged_on\":\"2026-05-31\"},\"position\":\"s0000000000000049\",\"committed_at\":\"2026-11-28T12:03:29.570000Z\"}','s0000000000000049',0,'');
INSERT INTO `syncd_collected` VALUES ('demo','monthly_depreciation/13|2026-04|1','monthly_depreciation','2026-04|YF||JQSB','FA-SC-3005','{\"table\":\"deprec\",\"op\":\"insert\",\"before\":null,\"after\":{\"asset_id\":13,\"period\":\"2026-04\",\"line\":1,\"kind\":\"month\",\"department_id\":4,\"amount\":\"1199.98\",\"charged_on\":\"2026-04-30\"},\"position\":\"s0000000000000034\",\"committed_at\":\"2026-11-28T12:03:29.562000Z\"}','s0000000000000034',1,'');
INSERT INTO `syncd_collected` VALUES ('demo','monthly_depreciation/13|2026-05|1','monthly_depreciation','2026-05|YF||JQSB','FA-SC-3005','{\"table\":\"deprec\",\"op\":\"insert\",\"before\":null,\"after\":{\"asset_id\":13,\"period\":\"2026-05\",\"line\":1,\"kind\":\"month\",\"department_id\":4,\"amount\":\"1199.98\",\"charged_on\":\"2026-05-31\"},\"position\":\"s0000000000000050\",\"committed_at\":\"2026-11-28T12:03:29.570000Z\"}','s0000000000000050',0,'');
INSERT INTO `syncd_collected` VALUES ('demo','monthly_depreciation/14|2026-04|1','monthly_depreciation','2026-04|SC1|一车间|JQSB','FA-SC-3006','{\"table\":\"deprec\",\"op\":\"insert\",\"before\":null,\"after\":{\"asset_id\":14,\"period\":\"2026-04\",\"line\":1,\"kind\":\"month\",\"department_id\":1,\"amount\":\"1199.98\",\"charged_on\":\"2026-04-30\"},\"position\":\"s0000000000000035\",\"committed_at\":\"2026-11-28T12:03:29.562000Z\"}','s0000000000000035',1,'');
INSERT INTO `syncd_collected` VALUES ('demo','monthly_depreciation/2|2026-03|1','monthly_depreciation','2026-03|SC1|一车间|GJQJ','FA-GJ-0002','{\"table\":\"deprec\",\"op\":\"insert\",\"before\":null,\"after\":{\"asset_id\":2,\"period\":\"2026-03\",\"line\":1,\"kind\":\"month\",\"department_id\":1,\"amount\":\"299.60\",\"charged_on\":\"2026-03-31\"},\"position\":\"s0000000000000021\",\"committed_at\":\"2026-11-28T12:03:29.487000Z\"}','s0000000000000021',1,'monthly_depreciation/2026-03|SC1|一车间|GJQJ/1');
INSERT INTO `syncd_collected` VALUES ('demo','monthly_depreciation/2|2026-04|1','monthly_depreciation','2026-04|SC1|一车间|GJQJ','FA-GJ-0002','{\"table\":\"deprec\",\"op\":\"insert\",\"before\":null,\"after\":{\"asset_id\":2,\"period\":\"2026-04\",\"line\":1,\"kind\":\"month\",\"department_id\":1,\"amount\":\"299.60\",\"charged_on\":\"2026-04-30\"},\"position\":\"s0000000000000027\",\"committed_at\":\"2026-11-28T12:03:29.562000Z\"}','s0000000000000027',1,'');
INSERT INTO `syncd_collected` VALUES ('demo','monthly_depreciation/2|2026-05|1','monthly_depreciation','2026-05|SC1|一车间|GJQJ','FA-GJ-0002','{\"table\":\"deprec\",\"op\":\"insert\",\"before\":null,\"after\":{\"asset_id\":2,\"period\":\"2026-05\",\"line\":1,\"kind\":\"month\",\"department_id\":1,\"amount\":\"299.60\",\"charged_on\":\"2026-05-31\"},\"position\":\"s0000000000000043\",\"committed_at\":\"2026-11-28T12:03:29.570000Z\"}','s0000000000000043',0,'');
INSERT INTO `syncd_collected` VALUES ('demo','monthly_depreciation/3|2026-03|1','monthly_depreciation','2026-03|SC1|一车间|JQSB','FA-SC-0003','{\"table\":\"deprec\",\"op\":\"insert\",\"before\":null,\"after\":{\"asset_id\":3,\"period\":\"2026-03\",\"line\":1,\"kind\":\"month\",\"department_id\":1,\"amount\":\"2308.47\",\"charged_on\":\"2026-03-31\"},\"position\":\"s0000000000000022\",\"committed_at\":\"2026-11-28T12:03:29.487000Z\"}','s0000000000000022',1,'monthly_depreciation/2026-03|SC1|一车间|JQSB/1');
INSERT INTO `syncd_collected` VALUES ('demo','monthly_depreciation/3|2026-04|1','monthly_depreciation','2026-04|SC1|一车间|JQSB','FA-SC-0003','{\"table\":\"deprec\",\"op\":\"insert\",\"before\":null,\"after\":{\"asset_id\":3,\"period\":\"2026-04\",\"line\":1,\"kind\":\"month\",\"department_id\":1,\"amount\":\"2308.47\",\"charged_on\":\"2026-04-30\"},\"position\":\"s0000000000000028\",\"committed_at\":\"2026-11-28T12:03:29.562000Z\"}','s0000000000000028',1,'');
INSERT INTO `syncd_collected` VALUES ('demo','monthly_depreciation/3|2026-05|1','monthly_depreciation','2026-05|SC1|一车间|JQSB','FA-SC-0003','{\"table\":\"deprec\",\"op\":\"insert\",\"before\":null,\"after\":{\"asset_id\":3,\"period\":\"2026-05\",\"line\":1,\"kind\":\"month\",\"department_id\":1,\"amount\":\"2308.47\",\"charged_on\":\"2026-05-31\"},\"position\":\"s0000000000000044\",\"committed_at\":\"2026-11-28T12:03:29.570000Z\"}','s0000000000000044',0,'');
INSERT INTO `syncd_collected` VALUES ('demo','monthly_depreciation/4|2026-03|1','monthly_depreciation','2026-03|SC2|二车间|JQSB','FA-SC-0004','{\"table\":\"deprec\",\"op\":\"insert\",\"before\":null,\"after\":{\"asset_id\":4,\"period\":\"2026-03\",\"line\":1,\"kind\":\"month\",\"department_id\":2,\"amount\":\"1452.86\",\"charged_on\":\"2026-03-31\"},\"position\":\"s0000000000000023\",\"committed_at\":\"2026-11-28T12:03:29.487000Z\"}','s0000000000000023',1,'monthly_depreciation/2026-03|SC2|二车间|JQSB/1');
INSERT INTO `syncd_collected` VALUES ('demo','monthly_depreciation/4|2026-04|1','monthly_depreciation','2026-04|SC2|二车间|JQSB','FA-SC-0004','{\"table\":\"deprec\",\"op\":\"insert\",\"before\":null,\"after\":{\"asset_id\":4,\"period\":\"2026-04\",\"line\":1,\"kind\":\"month\",\"department_id\":2,\"amount\":\"1452.86\",\"charged_on\":\"2026-04-30\"},\"position\":\"s0000000000000029\",\"committed_at\":\"2026-11-28T12:03:29.562000Z\"}','s0000000000000029',1,'');
INSERT INTO `syncd_collected` VALUES ('demo','monthly_depreciation/4|2026-05|1','monthly_depreciation','2026-05|SC2|二车间|JQSB','FA-SC-0004','{\"table\":\"deprec\",\"op\":\"insert\",\"before\":null,\"after\":{\"asset_id\":4,\"period\":\"2026-05\",\"line\":1,\"kind\":\"month\",\"department_id\":2,\"amount\":\"1452.86\",\"charged_on\":\"2026-05-31\"},\"position\":\"s0000000000000045\",\"committed_at\":\"2026-11-28T12:03:29.570000Z\"}','s0000000000000045',0,'');
INSERT INTO `syncd_collected` VALUES ('demo','monthly_depreciation/5|2026-03|1','monthly_depreciation','2026-03|SC2|二车间|JQSB','FA-SC-0005','{\"table\":\"deprec\",\"op\":\"insert\",\"before\":null,\"after\":{\"asset_id\":5,\"period\":\"2026-03\",\"line\":1,\"kind\":\"month\",\"department_id\":2,\"amount\":\"3688.40\",\"charged_on\":\"2026-03-31\"},\"position\":\"s0000000000000024\",\"committed_at\":\"2026-11-28T12:03:29.487000Z\"}','s0000000000000024',1,'monthly_depreciation/2026-03|SC2|二车间|JQSB/1');
INSERT INTO `syncd_collected` VALUES ('demo','monthly_depreciation/5|2026-04|1','monthly_depreciation','2026-04|SC2|二车间|JQSB','FA-SC-0005','{\"table\":\"deprec\",\"op\":\"insert\",\"before\":null,\"after\":{\"asset_id\":5,\"period\":\"2026-04\",\"line\":1,\"kind\":\"month\",\"department_id\":2,\"amount\":\"3688.40\",\"charged_on\":\"2026-04-30\"},\"position\":\"s0000000000000030\",\"committed_at\":\"2026-11-28T12:03:29.562000Z\"}','s0000000000000030',1,'');
INSERT INTO `syncd_collected` VALUES ('demo','monthly_depreciation/5|2026-05|1','monthly_depreciation','2026-05|SC2|二车间|JQSB','FA-SC-0005','{\"table\":\"deprec\",\"op\":\"insert\",\"before\":null,\"after\":{\"asset_id\":5,\"period\":\"2026-05\",\"line\":1,\"kind\":\"month\",\"department_id\":2,\"amount\":\"3688.40\",\"charged_on\":\"2026-05-31\"},\"position\":\"s0000000000000046\",\"committed_at\":\"2026-11-28T12:03:29.570000Z\"}','s0000000000000046',0,'');
INSERT INTO `syncd_collected` VALUES ('demo','monthly_depreciation/9|2026-04|1','monthly_depreciation','2026-04|SC1|一车间|JQSB','FA-SC-3001','{\"table\":\"deprec\",\"op\":\"insert\",\"before\":null,\"after\":{\"asset_id\":9,\"period\":\"2026-04\",\"line\":1,\"kind\":\"month\",\"department_id\":1,\"amount\":\"1266.67\",\"charged_on\":\"2026-04-30\"},\"position\":\"s0000000000000031\",\"committed_at\":\"2026-11-28T12:03:29.562000Z\"}','s0000000000000031',1,'');
INSERT INTO `syncd_collected` VALUES ('demo','monthly_depreciation/9|2026-05|1','monthly_depreciation','2026-05|SC1|一车间|JQSB','FA-SC-3001','{\"table\":\"deprec\",\"op\":\"insert\",\"before\":null,\"after\":{\"asset_id\":9,\"period\":\"2026-05\",\"line\":1,\"kind\":\"month\",\"department_id\":1,\"amount\":\"1266.67\",\"charged_on\":\"2026-05-31\"},\"position\":\"s0000000000000047\",\"committed_at\":\"2026-11-28T12:03:29.570000Z\"}','s0000000000000047',0,'');
/*!40000 ALTER TABLE `syncd_collected` ENABLE KEYS */;
UNLOCK TABLES;

--
-- Table structure for table `syncd_daemon`
--

DROP TABLE IF EXISTS `syncd_daemon`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `syncd_daemon` (
  `pipeline` varchar(128) NOT NULL,
  `instance` varchar(128) NOT NULL,
  `role` longtext NOT NULL,
  `beat_at` longtext NOT NULL,
  PRIMARY KEY (`pipeline`,`instance`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin ROW_FORMAT=DYNAMIC;
/*!40101 SET character_set_client = @saved_cs_client */;

--
-- Dumping data for table `syncd_daemon`
--

LOCK TABLES `syncd_daemon` WRITE;
/*!40000 ALTER TABLE `syncd_daemon` DISABLE KEYS */;
/*!40000 ALTER TABLE `syncd_daemon` ENABLE KEYS */;
UNLOCK TABLES;

--
-- Table structure for table `syncd_ignored`
--

DROP TABLE IF EXISTS `syncd_ignored`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `syncd_ignored` (
  `pipeline` varchar(128) NOT NULL,
  `reason` varchar(512) NOT NULL,
  `changes` bigint(20) NOT NULL,
  PRIMARY KEY (`pipeline`,`reason`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin ROW_FORMAT=DYNAMIC;
/*!40101 SET character_set_client = @saved_cs_client */;

--
-- Dumping data for table `syncd_ignored`
--

LOCK TABLES `syncd_ignored` WRITE;
/*!40000 ALTER TABLE `syncd_ignored` DISABLE KEYS */;
INSERT INTO `syncd_ignored` VALUES ('demo','asset: registration, registration_cancelled, registration_corrected, registration_adjusted, registration_deleted, registration_taken_back, reclassified, renamed',13);
INSERT INTO `syncd_ignored` VALUES ('demo','class: reference',5);
INSERT INTO `syncd_ignored` VALUES ('demo','dept: reference',6);
INSERT INTO `syncd_ignored` VALUES ('demo','run: monthly_depreciation',3);
INSERT INTO `syncd_ignored` VALUES ('demo','supplier: reference',2);
/*!40000 ALTER TABLE `syncd_ignored` ENABLE KEYS */;
UNLOCK TABLES;

--
-- Table structure for table `syncd_migration`
--

DROP TABLE IF EXISTS `syncd_migration`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `syncd_migration` (
  `name` varchar(128) NOT NULL,
  `checksum` longtext NOT NULL,
  `applied_at` longtext NOT NULL,
  PRIMARY KEY (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin ROW_FORMAT=DYNAMIC;
/*!40101 SET character_set_client = @saved_cs_client */;

--
-- Dumping data for table `syncd_migration`
--

LOCK TABLES `syncd_migration` WRITE;
/*!40000 ALTER TABLE `syncd_migration` DISABLE KEYS */;
INSERT INTO `syncd_migration` VALUES ('0001_state','fb93adea2b8bc1d1720af40c305a81fb9858113ec332c50b65d1b6c8e6ab4e6a','2026-11-28T12:03:28.835819Z');
/*!40000 ALTER TABLE `syncd_migration` ENABLE KEYS */;
UNLOCK TABLES;

--
-- Table structure for table `syncd_mirror`
--

DROP TABLE IF EXISTS `syncd_mirror`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `syncd_mirror` (
  `pipeline` varchar(128) NOT NULL,
  `source_table` varchar(128) NOT NULL,
  `key` varchar(512) NOT NULL,
  `image` longtext NOT NULL,
  PRIMARY KEY (`key`,`source_table`,`pipeline`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin ROW_FORMAT=DYNAMIC;
/*!40101 SET character_set_client = @saved_cs_client */;

--
-- Dumping data for table `syncd_mirror`
--

LOCK TABLES `syncd_mirror` WRITE;
/*!40000 ALTER TABLE `syncd_mirror` DISABLE KEYS */;
INSERT INTO `syncd_mirror` VALUES ('demo','asset','1','{\"id\":1,\"asset_code\":\"FA-SC-0001\",\"name\":\"数控车床\",\"class_code\":\"JQSB\",\"department_id\":2,\"supplier_id\":2,\"status\":\"sold\",\"purchase_date\":\"2023-04-21\",\"approved_on\":\"2023-04-21\",\"changed_on\":null,\"original_value\":\"72350.27\",\"input_vat\":\"0\",\"payment\":\"bank\",\"opening_depreciation\":\"19474.18\"}');
INSERT INTO `syncd_mirror` VALUES ('demo','dept','1','{\"id\":1,\"code\":\"SC1\",\"name\":\"生产部\",\"workshop\":\"一车间\",\"kind\":\"production\"}');
INSERT INTO `syncd_mirror` VALUES ('demo','disposal','1','{\"id\":1,\"asset_id\":1,\"kind\":\"sale\",\"inspection_no\":null,\"contract_no\":\"HT-0001\",\"proceeds\":\"900.00\",\"output_vat\":\"117.00\",\"received_by\":\"bank\",\"removal_cost\":\"0\",\"status\":\"approved\",\"approved_on\":\"2026-03-01\"}');
INSERT INTO `syncd_mirror` VALUES ('demo','impairment','1','{\"id\":1,\"asset_id\":12,\"amount\":\"200.00\",\"status\":\"approved\",\"approved_on\":\"2026-03-01\"}');
INSERT INTO `syncd_mirror` VALUES ('demo','repair','1','{\"id\":1,\"asset_id\":12,\"amount\":\"320.00\",\"input_vat\":\"41.60\",\"payment\":\"bank\",\"status\":\"done\",\"done_on\":\"2026-02-26\"}');
INSERT INTO `syncd_mirror` VALUES ('demo','supplier','1','{\"id\":1,\"code\":\"GYS-01\",\"name\":\"机床供应商\"}');
INSERT INTO `syncd_mirror` VALUES ('demo','transfer','1','{\"id\":1,\"asset_id\":13,\"from_department_id\":1,\"to_department_id\":4,\"status\":\"approved\",\"approved_on\":\"2026-03-01\"}');
INSERT INTO `syncd_mirror` VALUES ('demo','upgrade','1','{\"id\":1,\"asset_id\":11,\"amount\":\"5000.00\",\"added_months\":12,\"payment\":\"bank\",\"status\":\"approved\",\"approved_on\":\"2026-03-01\"}');
INSERT INTO `syncd_mirror` VALUES ('demo','asset','11','{\"id\":11,\"asset_code\":\"FA-SC-3003\",\"name\":\"数控车床\",\"class_code\":\"JQSB\",\"department_id\":1,\"supplier_id\":null,\"status\":\"in_use\",\"purchase_date\":\"2026-03-01\",\"approved_on\":\"2026-03-01\",\"changed_on\":null,\"original_value\":\"151573.95\",\"input_vat\":\"130.00\",\"payment\":\"bank\",\"opening_depreciation\":\"0\"}');
INSERT INTO `syncd_mirror` VALUES ('demo','deprec','11|2026-04|1','{\"asset_id\":11,\"period\":\"2026-04\",\"line\":1,\"kind\":\"month\",\"department_id\":1,\"amount\":\"1126.86\",\"charged_on\":\"2026-04-30\"}');
INSERT INTO `syncd_mirror` VALUES ('demo','deprec','11|2026-05|1','{\"asset_id\":11,\"period\":\"2026-05\",\"line\":1,\"kind\":\"month\",\"department_id\":1,\"amount\":\"1126.86\",\"charged_on\":\"2026-05-31\"}');
INSERT INTO `syncd_mirror` VALUES ('demo','asset','12','{\"id\":12,\"asset_code\":\"FA-SC-3004\",\"name\":\"数控车床\",\"class_code\":\"JQSB\",\"department_id\":1,\"supplier_id\":null,\"status\":\"in_use\",\"purchase_date\":\"2026-03-01\",\"approved_on\":\"2026-03-01\",\"changed_on\":null,\"original_value\":\"151574.95\",\"input_vat\":\"130.00\",\"payment\":\"bank\",\"opening_depreciation\":\"0\"}');
INSERT INTO `syncd_mirror` VALUES ('demo','deprec','12|2026-04|1','{\"asset_id\":12,\"period\":\"2026-04\",\"line\":1,\"kind\":\"month\",\"department_id\":1,\"amount\":\"1198.30\",\"charged_on\":\"2026-04-30\"}');
INSERT INTO `syncd_mirror` VALUES ('demo','deprec','12|2026-05|1','{\"asset_id\":12,\"period\":\"2026-05\",\"line\":1,\"kind\":\"month\",\"department_id\":1,\"amount\":\"1198.30\",\"charged_on\":\"2026-05-31\"}');
INSERT INTO `syncd_mirror` VALUES ('demo','asset','13','{\"id\":13,\"asset_code\":\"FA-SC-3005\",\"name\":\"数控车床\",\"class_code\":\"JQSB\",\"department_id\":4,\"supplier_id\":null,\"status\":\"in_use\",\"purchase_date\":\"2026-03-01\",\"approved_on\":\"2026-03-01\",\"changed_on\":null,\"original_value\":\"151575.95\",\"input_vat\":\"130.00\",\"payment\":\"bank\",\"opening_depreciation\":\"0\"}');
INSERT INTO `syncd_mirror` VALUES ('demo','deprec','13|2026-04|1','{\"asset_id\":13,\"period\":\"2026-04\",\"line\":1,\"kind\":\"month\",\"department_id\":4,\"amount\":\"1199.98\",\"charged_on\":\"2026-04-30\"}');
INSERT INTO `syncd_mirror` VALUES ('demo','deprec','13|2026-05|1','{\"asset_id\":13,\"period\":\"2026-05\",\"line\":1,\"kind\":\"month\",\"department_id\":4,\"amount\":\"1199.98\",\"charged_on\":\"2026-05-31\"}');
INSERT INTO `syncd_mirror` VALUES ('demo','asset','14','{\"id\":14,\"asset_code\":\"FA-SC-3006\",\"name\":\"数控车床\",\"class_code\":\"JQSB\",\"department_id\":1,\"supplier_id\":null,\"status\":\"scrapped\",\"purchase_date\":\"2026-03-01\",\"approved_on\":\"2026-03-01\",\"changed_on\":null,\"original_value\":\"151576.95\",\"input_vat\":\"130.00\",\"payment\":\"bank\",\"opening_depreciation\":\"0\"}');
INSERT INTO `syncd_mirror` VALUES ('demo','deprec','14|2026-04|1','{\"asset_id\":14,\"period\":\"2026-04\",\"line\":1,\"kind\":\"month\",\"department_id\":1,\"amount\":\"1199.98\",\"charged_on\":\"2026-04-30\"}');
INSERT INTO `syncd_mirror` VALUES ('demo','asset','15','{\"id\":15,\"asset_code\":\"FA-SC-3101\",\"name\":\"数控车床\",\"class_code\":\"JQSB\",\"department_id\":1,\"supplier_id\":null,\"status\":\"in_use\",\"purchase_date\":\"2026-03-01\",\"approved_on\":\"2026-03-01\",\"changed_on\":null,\"original_value\":\"6000000.00\",\"input_vat\":\"130.00\",\"payment\":\"bank\",\"opening_depreciation\":\"0\"}');
INSERT INTO `syncd_mirror` VALUES ('demo','asset','16','{\"id\":16,\"asset_code\":\"FA-SC-3102\",\"name\":\"数控车床\",\"class_code\":\"JQSB\",\"department_id\":1,\"supplier_id\":null,\"status\":\"in_use\",\"purchase_date\":\"2026-03-01\",\"approved_on\":\"2026-03-01\",\"changed_on\":null,\"original_value\":\"7000000.00\",\"input_vat\":\"130.00\",\"payment\":\"bank\",\"opening_depreciation\":\"0\"}');
INSERT INTO `syncd_mirror` VALUES ('demo','asset','17','{\"id\":17,\"asset_code\":\"FA-SC-3201\",\"name\":\"数控车床\",\"class_code\":\"JQSB\",\"department_id\":1,\"supplier_id\":null,\"status\":\"in_use\",\"purchase_date\":\"2026-03-01\",\"approved_on\":\"2026-03-01\",\"changed_on\":null,\"original_value\":\"-150000.00\",\"input_vat\":\"130.00\",\"payment\":\"bank\",\"opening_depreciation\":\"0\"}');
INSERT INTO `syncd_mirror` VALUES ('demo','asset','18','{\"id\":18,\"asset_code\":\"FA-SC-3202\",\"name\":\"数控车床\",\"class_code\":\"JQSB\",\"department_id\":1,\"supplier_id\":null,\"status\":\"in_use\",\"purchase_date\":\"2026-03-01\",\"approved_on\":\"2026-03-01\",\"changed_on\":null,\"original_value\":{\"malformed\":\"15万\",\"reason\":\"malformed_number\"},\"input_vat\":\"130.00\",\"payment\":\"bank\",\"opening_depreciation\":\"0\"}');
INSERT INTO `syncd_mirror` VALUES ('demo','asset','19','{\"id\":19,\"asset_code\":\"FA-SC-3203\",\"name\":\"数控车床\",\"class_code\":\"JQSB\",\"department_id\":1,\"supplier_id\":null,\"status\":\"in_use\",\"purchase_date\":\"2026-03-01\",\"approved_on\":\"2026-03-01\",\"changed_on\":null,\"original_value\":\"0.00\",\"input_vat\":\"130.00\",\"payment\":\"bank\",\"opening_depreciation\":\"0\"}');
INSERT INTO `syncd_mirror` VALUES ('demo','deprec','1|2026-03|1','{\"asset_id\":1,\"period\":\"2026-03\",\"line\":1,\"kind\":\"disposal\",\"department_id\":2,\"amount\":\"572.77\",\"charged_on\":\"2026-03-31\"}');
INSERT INTO `syncd_mirror` VALUES ('demo','asset','2','{\"id\":2,\"asset_code\":\"FA-GJ-0002\",\"name\":\"模具\",\"class_code\":\"GJQJ\",\"department_id\":1,\"supplier_id\":2,\"status\":\"in_use\",\"purchase_date\":\"2021-09-27\",\"approved_on\":\"2021-09-27\",\"changed_on\":null,\"original_value\":\"18922.21\",\"input_vat\":\"0\",\"payment\":\"bank\",\"opening_depreciation\":\"15878.80\"}');
INSERT INTO `syncd_mirror` VALUES ('demo','dept','2','{\"id\":2,\"code\":\"SC2\",\"name\":\"生产部\",\"workshop\":\"二车间\",\"kind\":\"production\"}');
INSERT INTO `syncd_mirror` VALUES ('demo','disposal','2','{\"id\":2,\"asset_id\":14,\"kind\":\"scrap\",\"inspection_no\":\"JD-0002\",\"contract_no\":null,\"proceeds\":\"80.00\",\"output_vat\":\"10.40\",\"received_by\":\"bank\",\"removal_cost\":\"0\",\"status\":\"approved\",\"approved_on\":\"2026-04-01\"}');
INSERT INTO `syncd_mirror` VALUES ('demo','repair','2','{\"id\":2,\"asset_id\":17,\"amount\":\"99.00\",\"input_vat\":\"1.00\",\"payment\":\"bank\",\"status\":\"done\",\"done_on\":\"2026-03-01\"}');
INSERT INTO `syncd_mirror` VALUES ('demo','supplier','2','{\"id\":2,\"code\":\"GYS-02\",\"name\":\"电子设备供应商\"}');
INSERT INTO `syncd_mirror` VALUES ('demo','upgrade','2','{\"id\":2,\"asset_id\":16,\"amount\":\"1000.00\",\"added_months\":0,\"payment\":\"bank\",\"status\":\"approved\",\"approved_on\":\"2026-03-01\"}');
INSERT INTO `syncd_mirror` VALUES ('demo','asset','20','{\"id\":20,\"asset_code\":\"FA-SC-3204\",\"name\":\"数控车床\",\"class_code\":\"JQSB\",\"department_id\":99,\"supplier_id\":null,\"status\":\"in_use\",\"purchase_date\":\"2026-03-01\",\"approved_on\":\"2026-03-01\",\"changed_on\":null,\"original_value\":\"88000.00\",\"input_vat\":\"130.00\",\"payment\":\"bank\",\"opening_depreciation\":\"0\"}');
INSERT INTO `syncd_mirror` VALUES ('demo','run','2026-03','{\"period\":\"2026-03\",\"status\":\"approved\",\"approved_on\":\"2026-03-31\"}');
INSERT INTO `syncd_mirror` VALUES ('demo','run','2026-04','{\"period\":\"2026-04\",\"status\":\"approved\",\"approved_on\":\"2026-04-30\"}');
INSERT INTO `syncd_mirror` VALUES ('demo','run','2026-05','{\"period\":\"2026-05\",\"status\":\"calculated\",\"approved_on\":null}');
INSERT INTO `syncd_mirror` VALUES ('demo','asset','21','{\"id\":21,\"asset_code\":\"FA-SC-3205\",\"name\":\"数控车床\",\"class_code\":\"JQSB\",\"department_id\":1,\"supplier_id\":null,\"status\":\"in_use\",\"purchase_date\":\"2026-03-01\",\"approved_on\":\"2026-03-01\",\"changed_on\":null,\"original_value\":\"0.00\",\"input_vat\":\"130.00\",\"payment\":\"bank\",\"opening_depreciation\":\"0\"}');
INSERT INTO `syncd_mirror` VALUES ('demo','deprec','2|2026-03|1','{\"asset_id\":2,\"period\":\"2026-03\",\"line\":1,\"kind\":\"month\",\"department_id\":1,\"amount\":\"299.60\",\"charged_on\":\"2026-03-31\"}');
INSERT INTO `syncd_mirror` VALUES ('demo','deprec','2|2026-04|1','{\"asset_id\":2,\"period\":\"2026-04\",\"line\":1,\"kind\":\"month\",\"department_id\":1,\"amount\":\"299.60\",\"charged_on\":\"2026-04-30\"}');
INSERT INTO `syncd_mirror` VALUES ('demo','deprec','2|2026-05|1','{\"asset_id\":2,\"period\":\"2026-05\",\"line\":1,\"kind\":\"month\",\"department_id\":1,\"amount\":\"299.60\",\"charged_on\":\"2026-05-31\"}');
INSERT INTO `syncd_mirror` VALUES ('demo','asset','3','{\"id\":3,\"asset_code\":\"FA-SC-0003\",\"name\":\"空压机\",\"class_code\":\"JQSB\",\"department_id\":1,\"supplier_id\":null,\"status\":\"in_use\",\"purchase_date\":\"2021-04-23\",\"approved_on\":\"2021-04-23\",\"changed_on\":null,\"original_value\":\"291596.26\",\"input_vat\":\"0\",\"payment\":\"bank\",\"opening_depreciation\":\"133891.26\"}');
INSERT INTO `syncd_mirror` VALUES ('demo','dept','3','{\"id\":3,\"code\":\"SC3\",\"name\":\"生产部\",\"workshop\":\"三车间\",\"kind\":\"production\"}');
INSERT INTO `syncd_mirror` VALUES ('demo','deprec','3|2026-03|1','{\"asset_id\":3,\"period\":\"2026-03\",\"line\":1,\"kind\":\"month\",\"department_id\":1,\"amount\":\"2308.47\",\"charged_on\":\"2026-03-31\"}');
INSERT INTO `syncd_mirror` VALUES ('demo','deprec','3|2026-04|1','{\"asset_id\":3,\"period\":\"2026-04\",\"line\":1,\"kind\":\"month\",\"department_id\":1,\"amount\":\"2308.47\",\"charged_on\":\"2026-04-30\"}');
INSERT INTO `syncd_mirror` VALUES ('demo','deprec','3|2026-05|1','{\"asset_id\":3,\"period\":\"2026-05\",\"line\":1,\"kind\":\"month\",\"department_id\":1,\"amount\":\"2308.47\",\"charged_on\":\"2026-05-31\"}');
INSERT INTO `syncd_mirror` VALUES ('demo','asset','4','{\"id\":4,\"asset_code\":\"FA-SC-0004\",\"name\":\"数控车床\",\"class_code\":\"JQSB\",\"department_id\":2,\"supplier_id\":1,\"status\":\"in_use\",\"purchase_date\":\"2019-07-14\",\"approved_on\":\"2019-07-14\",\"changed_on\":null,\"original_value\":\"183519.72\",\"input_vat\":\"0\",\"payment\":\"bank\",\"opening_depreciation\":\"114775.94\"}');
INSERT INTO `syncd_mirror` VALUES ('demo','dept','4','{\"id\":4,\"code\":\"YF\",\"name\":\"研发中心\",\"workshop\":null,\"kind\":\"research\"}');
INSERT INTO `syncd_mirror` VALUES ('demo','deprec','4|2026-03|1','{\"asset_id\":4,\"period\":\"2026-03\",\"line\":1,\"kind\":\"month\",\"department_id\":2,\"amount\":\"1452.86\",\"charged_on\":\"2026-03-31\"}');
INSERT INTO `syncd_mirror` VALUES ('demo','deprec','4|2026-04|1','{\"asset_id\":4,\"period\":\"2026-04\",\"line\":1,\"kind\":\"month\",\"department_id\":2,\"amount\":\"1452.86\",\"charged_on\":\"2026-04-30\"}');
INSERT INTO `syncd_mirror` VALUES ('demo','deprec','4|2026-05|1','{\"asset_id\":4,\"period\":\"2026-05\",\"line\":1,\"kind\":\"month\",\"department_id\":2,\"amount\":\"1452.86\",\"charged_on\":\"2026-05-31\"}');
INSERT INTO `syncd_mirror` VALUES ('demo','asset','5','{\"id\":5,\"asset_code\":\"FA-SC-0005\",\"name\":\"数控车床\",\"class_code\":\"JQSB\",\"department_id\":2,\"supplier_id\":null,\"status\":\"in_use\",\"purchase_date\":\"2020-02-03\",\"approved_on\":\"2020-02-03\",\"changed_on\":null,\"original_value\":\"465903.03\",\"input_vat\":\"0\",\"payment\":\"bank\",\"opening_depreciation\":\"265564.80\"}');
INSERT INTO `syncd_mirror` VALUES ('demo','dept','5','{\"id\":5,\"code\":\"XS\",\"name\":\"销售部\",\"workshop\":null,\"kind\":\"sales\"}');
INSERT INTO `syncd_mirror` VALUES ('demo','deprec','5|2026-03|1','{\"asset_id\":5,\"period\":\"2026-03\",\"line\":1,\"kind\":\"month\",\"department_id\":2,\"amount\":\"3688.40\",\"charged_on\":\"2026-03-31\"}');
INSERT INTO `syncd_mirror` VALUES ('demo','deprec','5|2026-04|1','{\"asset_id\":5,\"period\":\"2026-04\",\"line\":1,\"kind\":\"month\",\"department_id\":2,\"amount\":\"3688.40\",\"charged_on\":\"2026-04-30\"}');
INSERT INTO `syncd_mirror` VALUES ('demo','deprec','5|2026-05|1','{\"asset_id\":5,\"period\":\"2026-05\",\"line\":1,\"kind\":\"month\",\"department_id\":2,\"amount\":\"3688.40\",\"charged_on\":\"2026-05-31\"}');
INSERT INTO `syncd_mirror` VALUES ('demo','asset','6','{\"id\":6,\"asset_code\":\"FA-SC-0006\",\"name\":\"数控车床\",\"class_code\":\"JQSB\",\"department_id\":3,\"supplier_id\":1,\"status\":\"draft\",\"purchase_date\":\"2018-01-08\",\"approved_on\":\"2018-01-08\",\"changed_on\":null,\"original_value\":\"313277.63\",\"input_vat\":\"0\",\"payment\":\"bank\",\"opening_depreciation\":\"0\"}');
INSERT INTO `syncd_mirror` VALUES ('demo','dept','6','{\"id\":6,\"code\":\"GL\",\"name\":\"综合管理部\",\"workshop\":null,\"kind\":\"administration\"}');
INSERT INTO `syncd_mirror` VALUES ('demo','asset','7','{\"id\":7,\"asset_code\":\"FA-DZ-0007\",\"name\":\"服务器\",\"class_code\":\"DZSB\",\"department_id\":5,\"supplier_id\":1,\"status\":\"draft\",\"purchase_date\":\"2024-08-11\",\"approved_on\":\"2024-08-11\",\"changed_on\":null,\"original_value\":\"44591.74\",\"input_vat\":\"0\",\"payment\":\"bank\",\"opening_depreciation\":\"0\"}');
INSERT INTO `syncd_mirror` VALUES ('demo','asset','8','{\"id\":8,\"asset_code\":\"FA-DZ-0008\",\"name\":\"打印机\",\"class_code\":\"DZSB\",\"department_id\":4,\"supplier_id\":2,\"status\":\"draft\",\"purchase_date\":\"2023-06-29\",\"approved_on\":\"2023-06-29\",\"changed_on\":null,\"original_value\":\"41554.33\",\"input_vat\":\"0\",\"payment\":\"bank\",\"opening_depreciation\":\"0\"}');
INSERT INTO `syncd_mirror` VALUES ('demo','asset','9','{\"id\":9,\"asset_code\":\"FA-SC-3001\",\"name\":\"数控车床\",\"class_code\":\"JQSB\",\"department_id\":1,\"supplier_id\":null,\"status\":\"in_use\",\"purchase_date\":\"2026-03-01\",\"approved_on\":\"2026-03-01\",\"changed_on\":\"2026-03-01\",\"original_value\":\"160000.00\",\"input_vat\":\"130.00\",\"payment\":\"bank\",\"opening_depreciation\":\"0\"}');
INSERT INTO `syncd_mirror` VALUES ('demo','deprec','9|2026-04|1','{\"asset_id\":9,\"period\":\"2026-04\",\"line\":1,\"kind\":\"month\",\"department_id\":1,\"amount\":\"1266.67\",\"charged_on\":\"2026-04-30\"}');
INSERT INTO `syncd_mirror` VALUES ('demo','deprec','9|2026-05|1','{\"asset_id\":9,\"period\":\"2026-05\",\"line\":1,\"kind\":\"month\",\"department_id\":1,\"amount\":\"1266.67\",\"charged_on\":\"2026-05-31\"}');
INSERT INTO `syncd_mirror` VALUES ('demo','class','DZSB','{\"code\":\"DZSB\",\"name\":\"电子设备\",\"method\":\"sum_of_years\",\"life_months\":36,\"residual_rate\":\"0.0500\"}');
INSERT INTO `syncd_mirror` VALUES ('demo','class','FWJZ','{\"code\":\"FWJZ\",\"name\":\"房屋建筑物\",\"method\":\"straight_line\",\"life_months\":240,\"residual_rate\":\"0.0500\"}');
INSERT INTO `syncd_mirror` VALUES ('demo','class','GJQJ','{\"code\":\"GJQJ\",\"name\":\"工具器具\",\"method\":\"straight_line\",\"life_months\":60,\"residual_rate\":\"0.0500\"}');
INSERT INTO `syncd_mirror` VALUES ('demo','class','JQSB','{\"code\":\"JQSB\",\"name\":\"机器设备\",\"method\":\"straight_line\",\"life_months\":120,\"residual_rate\":\"0.0500\"}');
INSERT INTO `syncd_mirror` VALUES ('demo','class','YSGJ','{\"code\":\"YSGJ\",\"name\":\"运输工具\",\"method\":\"double_declining\",\"life_months\":48,\"residual_rate\":\"0.0500\"}');
/*!40000 ALTER TABLE `syncd_mirror` ENABLE KEYS */;
UNLOCK TABLES;

--
-- Table structure for table `syncd_number`
--

DROP TABLE IF EXISTS `syncd_number`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `syncd_number` (
  `period` varchar(128) NOT NULL,
  `type` varchar(128) NOT NULL,
  `last` bigint(20) NOT NULL,
  PRIMARY KEY (`period`,`type`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin ROW_FORMAT=DYNAMIC;
/*!40101 SET character_set_client = @saved_cs_client */;

--
-- Dumping data for table `syncd_number`
--

LOCK TABLES `syncd_number` WRITE;
/*!40000 ALTER TABLE `syncd_number` DISABLE KEYS */;
INSERT INTO `syncd_number` VALUES ('2026-03','记',19);
INSERT INTO `syncd_number` VALUES ('2026-11','记',2);
/*!40000 ALTER TABLE `syncd_number` ENABLE KEYS */;
UNLOCK TABLES;

--
-- Table structure for table `syncd_parked`
--

DROP TABLE IF EXISTS `syncd_parked`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `syncd_parked` (
  `pipeline` varchar(128) NOT NULL,
  `id` bigint(20) NOT NULL,
  `subject` varchar(512) NOT NULL,
  `state` longtext NOT NULL,
  `rule` longtext NOT NULL,
  `source_table` longtext NOT NULL,
  `source_key` longtext NOT NULL,
  `code` longtext NOT NULL,
  `params` longtext NOT NULL,
  `waits_for` longtext NOT NULL,
  `change` longtext NOT NULL,
  `original` longtext DEFAULT NULL,
  `position` longtext NOT NULL,
  `committed_at` longtext NOT NULL,
  `parked_at` longtext NOT NULL,
  `attempts` bigint(20) NOT NULL,
  `request` longtext NOT NULL,
  `approved` longtext NOT NULL,
  `settled_at` longtext DEFAULT NULL,
  PRIMARY KEY (`pipeline`,`id`),
  KEY `syncd_parked_open` (`pipeline`,`subject`),
  KEY `syncd_parked_subject` (`subject`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin ROW_FORMAT=DYNAMIC;
/*!40101 SET character_set_client = @saved_cs_client */;

--
-- Dumping data for table `syncd_parked`
--

LOCK TABLES `syncd_parked` WRITE;
/*!40000 ALTER TABLE `syncd_parked` DISABLE KEYS */;
INSERT INTO `syncd_parked` VALUES ('demo',1,'FA-SC-3006','failed','disposal','disposal','2','require','{\"zh\": \"该资产的折旧已计算但未审批，请先审批计提批次，再重试本条\", \"en\": \"its depreciation is computed and not approved; approve the run first and retry this row\"}','','{\"table\":\"disposal\",\"op\":\"insert\",\"before\":null,\"after\":{\"id\":2,\"asset_id\":14,\"kind\":\"scrap\",\"inspection_no\":\"JD-0002\",\"contract_no\":null,\"proceeds\":\"80.00\",\"output_vat\":\"10.40\",\"received_by\":\"bank\",\"removal_cost\":\"0\",\"status\":\"approved\",\"approved_on\":\"2026-04-01\"},\"position\":\"s0000000000000041\",\"committed_at\":\"2026-11-28T12:03:29.566000Z\"}',NULL,'s0000000000000041','2026-11-28T12:03:29.566000Z','2026-11-28T12:03:29.585484Z',1,'','[]',NULL);
INSERT INTO `syncd_parked` VALUES ('demo',2,'FA-SC-3006','behind','','asset','14','behind','{\"subject\": \"FA-SC-3006\"}','','{\"table\":\"asset\",\"op\":\"update\",\"before\":{\"id\":14,\"asset_code\":\"FA-SC-3006\",\"name\":\"数控车床\",\"class_code\":\"JQSB\",\"department_id\":1,\"supplier_id\":null,\"status\":\"awaiting_writeoff\",\"purchase_date\":\"2026-03-01\",\"approved_on\":\"2026-03-01\",\"changed_on\":null,\"original_value\":\"151576.95\",\"input_vat\":\"130.00\",\"payment\":\"bank\",\"opening_depreciation\":\"0\"},\"after\":{\"id\":14,\"asset_code\":\"FA-SC-3006\",\"name\":\"数控车床\",\"class_code\":\"JQSB\",\"department_id\":1,\"supplier_id\":null,\"status\":\"scrapped\",\"purchase_date\":\"2026-03-01\",\"approved_on\":\"2026-03-01\",\"changed_on\":null,\"original_value\":\"151576.95\",\"input_vat\":\"130.00\",\"payment\":\"bank\",\"opening_depreciation\":\"0\"},\"position\":\"s0000000000000042\",\"committed_at\":\"2026-11-28T12:03:29.566000Z\"}',NULL,'s0000000000000042','2026-11-28T12:03:29.566000Z','2026-11-28T12:03:29.585484Z',1,'','[]',NULL);
INSERT INTO `syncd_parked` VALUES ('demo',3,'FA-SC-3101','posted','registration','asset','15','approval','{\"role\": \"finance\"}','','{\"table\":\"asset\",\"op\":\"insert\",\"before\":null,\"after\":{\"id\":15,\"asset_code\":\"FA-SC-3101\",\"name\":\"数控车床\",\"class_code\":\"JQSB\",\"department_id\":1,\"supplier_id\":null,\"status\":\"in_use\",\"purchase_date\":\"2026-03-01\",\"approved_on\":\"2026-03-01\",\"changed_on\":null,\"original_value\":\"6000000.00\",\"input_vat\":\"130.00\",\"payment\":\"bank\",\"opening_depreciation\":\"0\"},\"position\":\"s0000000000000052\",\"committed_at\":\"2026-11-28T12:03:29.573000Z\"}',NULL,'s0000000000000052','2026-11-28T12:03:29.573000Z','2026-11-28T12:03:29.585484Z',2,'','[\"registration\"]','2026-11-28T12:03:29.861664Z');
INSERT INTO `syncd_parked` VALUES ('demo',4,'FA-SC-3102','approval','registration','asset','16','approval','{\"role\": \"finance\"}','','{\"table\":\"asset\",\"op\":\"insert\",\"before\":null,\"after\":{\"id\":16,\"asset_code\":\"FA-SC-3102\",\"name\":\"数控车床\",\"class_code\":\"JQSB\",\"department_id\":1,\"supplier_id\":null,\"status\":\"in_use\",\"purchase_date\":\"2026-03-01\",\"approved_on\":\"2026-03-01\",\"changed_on\":null,\"original_value\":\"7000000.00\",\"input_vat\":\"130.00\",\"payment\":\"bank\",\"opening_depreciation\":\"0\"},\"position\":\"s0000000000000053\",\"committed_at\":\"2026-11-28T12:03:29.879000Z\"}',NULL,'s0000000000000053','2026-11-28T12:03:29.879000Z','2026-11-28T12:03:29.897179Z',1,'','[]',NULL);
INSERT INTO `syncd_parked` VALUES ('demo',5,'FA-SC-3102','behind','','upgrade','2','behind','{\"subject\": \"FA-SC-3102\"}','','{\"table\":\"upgrade\",\"op\":\"insert\",\"before\":null,\"after\":{\"id\":2,\"asset_id\":16,\"amount\":\"1000.00\",\"added_months\":0,\"payment\":\"bank\",\"status\":\"approved\",\"approved_on\":\"2026-03-01\"},\"position\":\"s0000000000000054\",\"committed_at\":\"2026-11-28T12:03:29.882000Z\"}',NULL,'s0000000000000054','2026-11-28T12:03:29.882000Z','2026-11-28T12:03:29.897179Z',1,'','[]',NULL);
INSERT INTO `syncd_parked` VALUES ('demo',6,'FA-SC-3201','failed','registration','asset','17','require','{\"zh\": \"原值必须大于零，请在设备系统中更正\", \"en\": \"the original value must be above zero; correct it in the EAM\"}','','{\"table\":\"asset\",\"op\":\"insert\",\"before\":null,\"after\":{\"id\":17,\"asset_code\":\"FA-SC-3201\",\"name\":\"数控车床\",\"class_code\":\"JQSB\",\"department_id\":1,\"supplier_id\":null,\"status\":\"in_use\",\"purchase_date\":\"2026-03-01\",\"approved_on\":\"2026-03-01\",\"changed_on\":null,\"original_value\":\"-150000.00\",\"input_vat\":\"130.00\",\"payment\":\"bank\",\"opening_depreciation\":\"0\"},\"position\":\"s0000000000000055\",\"committed_at\":\"2026-11-28T12:03:29.885000Z\"}',NULL,'s0000000000000055','2026-11-28T12:03:29.885000Z','2026-11-28T12:03:29.897179Z',1,'','[]',NULL);
INSERT INTO `syncd_parked` VALUES ('demo',7,'FA-SC-3201','behind','','repair','2','behind','{\"subject\": \"FA-SC-3201\"}','','{\"table\":\"repair\",\"op\":\"insert\",\"before\":null,\"after\":{\"id\":2,\"asset_id\":17,\"amount\":\"99.00\",\"input_vat\":\"1.00\",\"payment\":\"bank\",\"status\":\"done\",\"done_on\":\"2026-03-01\"},\"position\":\"s0000000000000056\",\"committed_at\":\"2026-11-28T12:03:29.887000Z\"}',NULL,'s0000000000000056','2026-11-28T12:03:29.887000Z','2026-11-28T12:03:29.897179Z',1,'','[]',NULL);
INSERT INTO `syncd_parked` VALUES ('demo',8,'FA-SC-3202','posted','registration','asset','18','malformed','{\"table\": \"asset\", \"column\": \"original_value\", \"raw\": \"15万\", \"reason\": \"malformed_number\"}','','{\"table\":\"asset\",\"op\":\"insert\",\"before\":null,\"after\":{\"id\":18,\"asset_code\":\"FA-SC-3202\",\"name\":\"数控车床\",\"class_code\":\"JQSB\",\"department_id\":1,\"supplier_id\":null,\"status\":\"in_use\",\"purchase_date\":\"2026-03-01\",\"approved_on\":\"2026-03-01\",\"changed_on\":null,\"original_value\":\"150000.00\",\"input_vat\":\"130.00\",\"payment\":\"bank\",\"opening_depreciation\":\"0\"},\"position\":\"s0000000000000057\",\"committed_at\":\"2026-11-28T12:03:29.889000Z\"}','{\"table\":\"asset\",\"op\":\"insert\",\"before\":null,\"after\":{\"id\":18,\"asset_code\":\"FA-SC-3202\",\"name\":\"数控车床\",\"class_code\":\"JQSB\",\"department_id\":1,\"supplier_id\":null,\"status\":\"in_use\",\"purchase_date\":\"2026-03-01\",\"approved_on\":\"2026-03-01\",\"changed_on\":null,\"original_value\":{\"malformed\":\"15万\",\"reason\":\"malformed_number\"},\"input_vat\":\"130.00\",\"payment\":\"bank\",\"opening_depreciation\":\"0\"},\"position\":\"s0000000000000057\",\"committed_at\":\"2026-11-28T12:03:29.889000Z\"}','s0000000000000057','2026-11-28T12:03:29.889000Z','2026-11-28T12:03:29.897179Z',2,'','[]','2026-11-28T12:03:30.420205Z');
INSERT INTO `syncd_parked` VALUES ('demo',9,'FA-SC-3203','discarded','registration','asset','19','require','{\"zh\": \"原值必须大于零，请在设备系统中更正\", \"en\": \"the original value must be above zero; correct it in the EAM\"}','','{\"table\":\"asset\",\"op\":\"insert\",\"before\":null,\"after\":{\"id\":19,\"asset_code\":\"FA-SC-3203\",\"name\":\"数控车床\",\"class_code\":\"JQSB\",\"department_id\":1,\"supplier_id\":null,\"status\":\"in_use\",\"purchase_date\":\"2026-03-01\",\"approved_on\":\"2026-03-01\",\"changed_on\":null,\"original_value\":\"0.00\",\"input_vat\":\"130.00\",\"payment\":\"bank\",\"opening_depreciation\":\"0\"},\"position\":\"s0000000000000058\",\"committed_at\":\"2026-11-28T12:03:30.446000Z\"}',NULL,'s0000000000000058','2026-11-28T12:03:30.446000Z','2026-11-28T12:03:30.452641Z',1,'','[]','2026-11-28T12:03:30.997627Z');
INSERT INTO `syncd_parked` VALUES ('demo',10,'FA-SC-3204','failed','registration','asset','20','reference_missing','{\"join\": \"dept\", \"table\": \"department\", \"key\": \"99\"}','dept:99','{\"table\":\"asset\",\"op\":\"insert\",\"before\":null,\"after\":{\"id\":20,\"asset_code\":\"FA-SC-3204\",\"name\":\"数控车床\",\"class_code\":\"JQSB\",\"department_id\":99,\"supplier_id\":null,\"status\":\"in_use\",\"purchase_date\":\"2026-03-01\",\"approved_on\":\"2026-03-01\",\"changed_on\":null,\"original_value\":\"88000.00\",\"input_vat\":\"130.00\",\"payment\":\"bank\",\"opening_depreciation\":\"0\"},\"position\":\"s0000000000000059\",\"committed_at\":\"2026-11-28T12:03:30.480000Z\"}',NULL,'s0000000000000059','2026-11-28T12:03:30.480000Z','2026-11-28T12:03:30.488580Z',1,'','[]',NULL);
INSERT INTO `syncd_parked` VALUES ('demo',11,'FA-SC-3205','failed','registration','asset','21','require','{\"zh\": \"原值必须大于零，请在设备系统中更正\", \"en\": \"the original value must be above zero; correct it in the EAM\"}','','{\"table\":\"asset\",\"op\":\"insert\",\"before\":null,\"after\":{\"id\":21,\"asset_code\":\"FA-SC-3205\",\"name\":\"数控车床\",\"class_code\":\"JQSB\",\"department_id\":1,\"supplier_id\":null,\"status\":\"in_use\",\"purchase_date\":\"2026-03-01\",\"approved_on\":\"2026-03-01\",\"changed_on\":null,\"original_value\":\"0.00\",\"input_vat\":\"130.00\",\"payment\":\"bank\",\"opening_depreciation\":\"0\"},\"position\":\"s0000000000000060\",\"committed_at\":\"2026-11-28T12:03:30.484000Z\"}',NULL,'s0000000000000060','2026-11-28T12:03:30.484000Z','2026-11-28T12:03:30.488580Z',1,'discard','[]',NULL);
/*!40000 ALTER TABLE `syncd_parked` ENABLE KEYS */;
UNLOCK TABLES;

--
-- Table structure for table `syncd_pipeline`
--

DROP TABLE IF EXISTS `syncd_pipeline`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `syncd_pipeline` (
  `name` varchar(128) NOT NULL,
  `position` longtext DEFAULT NULL,
  `source` longtext DEFAULT NULL,
  `committed_at` longtext DEFAULT NULL,
  `updated_at` longtext DEFAULT NULL,
  `posting_seq` bigint(20) NOT NULL,
  `posting_hash` longtext NOT NULL,
  `parked_seq` bigint(20) NOT NULL,
  `changes` bigint(20) NOT NULL,
  `posted` bigint(20) NOT NULL,
  `repeated` bigint(20) NOT NULL,
  `status` longtext DEFAULT NULL,
  PRIMARY KEY (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin ROW_FORMAT=DYNAMIC;
/*!40101 SET character_set_client = @saved_cs_client */;

--
-- Dumping data for table `syncd_pipeline`
--

LOCK TABLES `syncd_pipeline` WRITE;
/*!40000 ALTER TABLE `syncd_pipeline` DISABLE KEYS */;
INSERT INTO `syncd_pipeline` VALUES ('demo','s0000000000000061','changelog:sqlite:722f899a15645688e6c17572b5ad48a0','2026-11-28T12:03:31.507000Z','2026-11-28T12:03:31.648488Z',28,'b671ccd19d1a7636c8c37166e7ee4b6e07e72b05eb7f52c84f7b472e711ad860',11,82,49,0,'{\"state\": \"stopped\", \"at\": \"2026-11-28T12:03:31.251380Z\", \"looked_at\": \"2026-11-28T12:03:30.416627Z\", \"oldest\": null, \"bytes_behind\": null, \"rows_behind\": null, \"note\": {}, \"error\": \"\", \"params\": {}}');
/*!40000 ALTER TABLE `syncd_pipeline` ENABLE KEYS */;
UNLOCK TABLES;

--
-- Table structure for table `syncd_posting`
--

DROP TABLE IF EXISTS `syncd_posting`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `syncd_posting` (
  `pipeline` varchar(128) NOT NULL,
  `seq` bigint(20) NOT NULL,
  `key` varchar(512) NOT NULL,
  `rule` longtext NOT NULL,
  `subject` varchar(512) NOT NULL,
  `voucher` longtext NOT NULL,
  `reverses` varchar(512) NOT NULL,
  `mapping_hash` longtext NOT NULL,
  `position` longtext NOT NULL,
  `committed_at` longtext NOT NULL,
  `posted_at` longtext NOT NULL,
  `content` longtext NOT NULL,
  `hash` longtext NOT NULL,
  PRIMARY KEY (`seq`,`pipeline`),
  UNIQUE KEY `syncd_posting_key` (`key`,`pipeline`),
  KEY `syncd_posting_subject` (`subject`,`pipeline`),
  KEY `syncd_posting_reverses` (`reverses`,`pipeline`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin ROW_FORMAT=DYNAMIC;
/*!40101 SET character_set_client = @saved_cs_client */;

--
-- Dumping data for table `syncd_posting`
--

LOCK TABLES `syncd_posting` WRITE;
/*!40000 ALTER TABLE `syncd_posting` DISABLE KEYS */;
INSERT INTO `syncd_posting` VALUES ('demo',1,'registration/FA-SC-0001','registration','FA-SC-0001','','','316f310a56d2323b2c0006a6284cd492','r0000000000000000.0000000014.asset.[1]','2026-11-28T12:03:29.194548Z','2026-11-28T12:03:29.202856Z','{\"cards\":[[\"FA-SC-0001\",\"open\",{\"name\":\"数控车床\",\"class\":\"JQSB\",\"dept\":\"SC2\",\"workshop\":\"二车间\",\"acquired_month\":\"2023-04-01\",\"method\":\"straight_line\",\"life_months\":120,\"residual_rate\":\"0.0500\",\"original_value\":\"72350.27\",\"accumulated_depreciation\":\"19474.18\",\"impairment\":\"0.00\",\"origin\":\"opening\",\"status\":\"in_use\"}]]}','7b8206b4ff306b342fa07432893f18a3c00656cd72fe66b3f4d1eb8844ee03c4');
INSERT INTO `syncd_posting` VALUES ('demo',2,'registration/FA-GJ-0002','registration','FA-GJ-0002','','','316f310a56d2323b2c0006a6284cd492','r0000000000000000.0000000015.asset.[2]','2026-11-28T12:03:29.194548Z','2026-11-28T12:03:29.202856Z','{\"cards\":[[\"FA-GJ-0002\",\"open\",{\"name\":\"模具\",\"class\":\"GJQJ\",\"dept\":\"SC1\",\"workshop\":\"一车间\",\"acquired_month\":\"2021-09-01\",\"method\":\"straight_line\",\"life_months\":60,\"residual_rate\":\"0.0500\",\"original_value\":\"18922.21\",\"accumulated_depreciation\":\"15878.80\",\"impairment\":\"0.00\",\"origin\":\"opening\",\"status\":\"in_use\"}]]}','055b23cacd2940081bd1528637966bdd345f73f2ec2520e1b97182ad1c7efc54');
INSERT INTO `syncd_posting` VALUES ('demo',3,'registration/FA-SC-0003','registration','FA-SC-0003','','','316f310a56d2323b2c0006a6284cd492','r0000000000000000.0000000016.asset.[3]','2026-11-28T12:03:29.194548Z','2026-11-28T12:03:29.202856Z','{\"cards\":[[\"FA-SC-0003\",\"open\",{\"name\":\"空压机\",\"class\":\"JQSB\",\"dept\":\"SC1\",\"workshop\":\"一车间\",\"acquired_month\":\"2021-04-01\",\"method\":\"straight_line\",\"life_months\":120,\"residual_rate\":\"0.0500\",\"original_value\":\"291596.26\",\"accumulated_depreciation\":\"133891.26\",\"impairment\":\"0.00\",\"origin\":\"opening\",\"status\":\"in_use\"}]]}','0f4f7a31b6e357367723cfa9b1723f44270932a7dc041d49be5c74a1dd149eb7');
INSERT INTO `syncd_posting` VALUES ('demo',4,'registration/FA-SC-0004','registration','FA-SC-0004','','','316f310a56d2323b2c0006a6284cd492','r0000000000000000.0000000017.asset.[4]','2026-11-28T12:03:29.194548Z','2026-11-28T12:03:29.202856Z','{\"cards\":[[\"FA-SC-0004\",\"open\",{\"name\":\"数控车床\",\"class\":\"JQSB\",\"dept\":\"SC2\",\"workshop\":\"二车间\",\"acquired_month\":\"2019-07-01\",\"method\":\"straight_line\",\"life_months\":120,\"residual_rate\":\"0.0500\",\"original_value\":\"183519.72\",\"accumulated_depreciation\":\"114775.94\",\"impairment\":\"0.00\",\"origin\":\"opening\",\"status\":\"in_use\"}]]}','614d821518aa6d0184618beb95ecababdd4dba787ba97aba6addf1a0bacaf6e8');
INSERT INTO `syncd_posting` VALUES ('demo',5,'registration/FA-SC-0005','registration','FA-SC-0005','','','316f310a56d2323b2c0006a6284cd492','r0000000000000000.0000000018.asset.[5]','2026-11-28T12:03:29.194548Z','2026-11-28T12:03:29.202856Z','{\"cards\":[[\"FA-SC-0005\",\"open\",{\"name\":\"数控车床\",\"class\":\"JQSB\",\"dept\":\"SC2\",\"workshop\":\"二车间\",\"acquired_month\":\"2020-02-01\",\"method\":\"straight_line\",\"life_months\":120,\"residual_rate\":\"0.0500\",\"original_value\":\"465903.03\",\"accumulated_depreciation\":\"265564.80\",\"impairment\":\"0.00\",\"origin\":\"opening\",\"status\":\"in_use\"}]]}','d1f414c4f971219072fc27ce28cef69942c2b60f5947f7e08922eddc4b1112b4');
INSERT INTO `syncd_posting` VALUES ('demo',6,'registration/FA-SC-3001','registration','FA-SC-3001','2026-03 记-2','','316f310a56d2323b2c0006a6284cd492','s0000000000000001','2026-11-28T12:03:29.262000Z','2026-11-28T12:03:29.303623Z','{\"cards\":[[\"FA-SC-3001\",\"open\",{\"name\":\"数控车床\",\"class\":\"JQSB\",\"dept\":\"SC1\",\"workshop\":\"一车间\",\"acquired_month\":\"2026-03-01\",\"method\":\"straight_line\",\"life_months\":120,\"residual_rate\":\"0.0500\",\"original_value\":\"151571.95\",\"accumulated_depreciation\":\"0\",\"impairment\":\"0.00\",\"origin\":\"addition\",\"status\":\"in_use\"}]],\"voucher\":{\"type\":\"记\",\"period\":\"2026-03\",\"date\":\"2026-03-01\",\"summary\":\"固定资产增加 FA-SC-3001 数控车床\",\"entries\":[[\"1601\",\"151571.95\",\"0\",null,{\"dept\":\"SC1\",\"class\":\"JQSB\",\"asset\":\"FA-SC-3001\"}],[\"22210101\",\"130.00\",\"0\",null,{}],[\"1002\",\"0\",\"151701.95\",null,{\"supplier\":null}]]}}','2a3ad4ca8f0748b692a65dceb561149f6c05df791f06d31394251228585bd4a7');
INSERT INTO `syncd_posting` VALUES ('demo',7,'registration/FA-SC-3002','registration','FA-SC-3002','2026-03 记-3','','316f310a56d2323b2c0006a6284cd492','s0000000000000002','2026-11-28T12:03:29.265000Z','2026-11-28T12:03:29.303623Z','{\"cards\":[[\"FA-SC-3002\",\"open\",{\"name\":\"数控车床\",\"class\":\"JQSB\",\"dept\":\"SC1\",\"workshop\":\"一车间\",\"acquired_month\":\"2026-03-01\",\"method\":\"straight_line\",\"life_months\":120,\"residual_rate\":\"0.0500\",\"original_value\":\"151572.95\",\"accumulated_depreciation\":\"0\",\"impairment\":\"0.00\",\"origin\":\"addition\",\"status\":\"in_use\"}]],\"voucher\":{\"type\":\"记\",\"period\":\"2026-03\",\"date\":\"2026-03-01\",\"summary\":\"固定资产增加 FA-SC-3002 数控车床\",\"entries\":[[\"1601\",\"151572.95\",\"0\",null,{\"dept\":\"SC1\",\"class\":\"JQSB\",\"asset\":\"FA-SC-3002\"}],[\"22210101\",\"130.00\",\"0\",null,{}],[\"1002\",\"0\",\"151702.95\",null,{\"supplier\":null}]]}}','125d09432f6309393163ad5e7e77312cc1634100436b90645728ff9c641c8082');
INSERT INTO `syncd_posting` VALUES ('demo',8,'registration/FA-SC-3003','registration','FA-SC-3003','2026-03 记-4','','316f310a56d2323b2c0006a6284cd492','s0000000000000003','2026-11-28T12:03:29.270000Z','2026-11-28T12:03:29.303623Z','{\"cards\":[[\"FA-SC-3003\",\"open\",{\"name\":\"数控车床\",\"class\":\"JQSB\",\"dept\":\"SC1\",\"workshop\":\"一车间\",\"acquired_month\":\"2026-03-01\",\"method\":\"straight_line\",\"life_months\":120,\"residual_rate\":\"0.0500\",\"original_value\":\"151573.95\",\"accumulated_depreciation\":\"0\",\"impairment\":\"0.00\",\"origin\":\"addition\",\"status\":\"in_use\"}]],\"voucher\":{\"type\":\"记\",\"period\":\"2026-03\",\"date\":\"2026-03-01\",\"summary\":\"固定资产增加 FA-SC-3003 数控车床\",\"entries\":[[\"1601\",\"151573.95\",\"0\",null,{\"dept\":\"SC1\",\"class\":\"JQSB\",\"asset\":\"FA-SC-3003\"}],[\"22210101\",\"130.00\",\"0\",null,{}],[\"1002\",\"0\",\"151703.95\",null,{\"supplier\":null}]]}}','5bfd7d8ed10ac5ad52e14a1c7c619abdbf157b67e2bb9c0ca62f044e3aacc769');
INSERT INTO `syncd_posting` VALUES ('demo',9,'registration/FA-SC-3004','registration','FA-SC-3004','2026-03 记-5','','316f310a56d2323b2c0006a6284cd492','s0000000000000004','2026-11-28T12:03:29.281000Z','2026-11-28T12:03:29.303623Z','{\"cards\":[[\"FA-SC-3004\",\"open\",{\"name\":\"数控车床\",\"class\":\"JQSB\",\"dept\":\"SC1\",\"workshop\":\"一车间\",\"acquired_month\":\"2026-03-01\",\"method\":\"straight_line\",\"life_months\":120,\"residual_rate\":\"0.0500\",\"original_value\":\"151574.95\",\"accumulated_depreciation\":\"0\",\"impairment\":\"0.00\",\"origin\":\"addition\",\"status\":\"in_use\"}]],\"voucher\":{\"type\":\"记\",\"period\":\"2026-03\",\"date\":\"2026-03-01\",\"summary\":\"固定资产增加 FA-SC-3004 数控车床\",\"entries\":[[\"1601\",\"151574.95\",\"0\",null,{\"dept\":\"SC1\",\"class\":\"JQSB\",\"asset\":\"FA-SC-3004\"}],[\"22210101\",\"130.00\",\"0\",null,{}],[\"1002\",\"0\",\"151704.95\",null,{\"supplier\":null}]]}}','665349000ab6d4b0323767e96c19f608ccbf36bbd4bf8d31d7d08d969145fc8d');
INSERT INTO `syncd_posting` VALUES ('demo',10,'registration/FA-SC-3005','registration','FA-SC-3005','2026-03 记-6','','316f310a56d2323b2c0006a6284cd492','s0000000000000005','2026-11-28T12:03:29.284000Z','2026-11-28T12:03:29.303623Z','{\"cards\":[[\"FA-SC-3005\",\"open\",{\"name\":\"数控车床\",\"class\":\"JQSB\",\"dept\":\"SC1\",\"workshop\":\"一车间\",\"acquired_month\":\"2026-03-01\",\"method\":\"straight_line\",\"life_months\":120,\"residual_rate\":\"0.0500\",\"original_value\":\"151575.95\",\"accumulated_depreciation\":\"0\",\"impairment\":\"0.00\",\"origin\":\"addition\",\"status\":\"in_use\"}]],\"voucher\":{\"type\":\"记\",\"period\":\"2026-03\",\"date\":\"2026-03-01\",\"summary\":\"固定资产增加 FA-SC-3005 数控车床\",\"entries\":[[\"1601\",\"151575.95\",\"0\",null,{\"dept\":\"SC1\",\"class\":\"JQSB\",\"asset\":\"FA-SC-3005\"}],[\"22210101\",\"130.00\",\"0\",null,{}],[\"1002\",\"0\",\"151705.95\",null,{\"supplier\":null}]]}}','2a924b0ced124702ad964c2f67f26e8914451641b9721bdbb4bdd24f7a1b8e5e');
INSERT INTO `syncd_posting` VALUES ('demo',11,'registration/FA-SC-3006','registration','FA-SC-3006','2026-03 记-7','','316f310a56d2323b2c0006a6284cd492','s0000000000000006','2026-11-28T12:03:29.288000Z','2026-11-28T12:03:29.303623Z','{\"cards\":[[\"FA-SC-3006\",\"open\",{\"name\":\"数控车床\",\"class\":\"JQSB\",\"dept\":\"SC1\",\"workshop\":\"一车间\",\"acquired_month\":\"2026-03-01\",\"method\":\"straight_line\",\"life_months\":120,\"residual_rate\":\"0.0500\",\"original_value\":\"151576.95\",\"accumulated_depreciation\":\"0\",\"impairment\":\"0.00\",\"origin\":\"addition\",\"status\":\"in_use\"}]],\"voucher\":{\"type\":\"记\",\"period\":\"2026-03\",\"date\":\"2026-03-01\",\"summary\":\"固定资产增加 FA-SC-3006 数控车床\",\"entries\":[[\"1601\",\"151576.95\",\"0\",null,{\"dept\":\"SC1\",\"class\":\"JQSB\",\"asset\":\"FA-SC-3006\"}],[\"22210101\",\"130.00\",\"0\",null,{}],[\"1002\",\"0\",\"151706.95\",null,{\"supplier\":null}]]}}','59bd7d08237a46a44a962bdf454f124209bb3a6502772faff50559a9f95d2779');
INSERT INTO `syncd_posting` VALUES ('demo',12,'registration_cancelled/s0000000000000007/','registration_cancelled','FA-SC-3001','2026-11 记-1','registration/FA-SC-3001','316f310a56d2323b2c0006a6284cd492','s0000000000000007','2026-11-28T12:03:29.339000Z','2026-11-28T12:03:29.425508Z','{\"voucher\":{\"type\":\"记\",\"period\":\"2026-11\",\"date\":\"2026-11-28\",\"summary\":\"冲销 2026-03 记-2 固定资产增加 FA-SC-3001 数控车床\",\"entries\":[[\"1601\",\"-151571.95\",\"0\",\"固定资产增加 FA-SC-3001 数控车床\",{\"dept\":\"SC1\",\"class\":\"JQSB\",\"asset\":\"FA-SC-3001\"}],[\"22210101\",\"-130.00\",\"0\",\"固定资产增加 FA-SC-3001 数控车床\",{}],[\"1002\",\"0\",\"-151701.95\",\"固定资产增加 FA-SC-3001 数控车床\",{\"supplier\":null}]]}}','d67792a4e74ef5a2cb70712d30f4016ab65a51a9880510e1139d49b9f00912d9');
INSERT INTO `syncd_posting` VALUES ('demo',13,'registration_corrected/s0000000000000007/','registration_corrected','FA-SC-3001','2026-03 记-8','','316f310a56d2323b2c0006a6284cd492','s0000000000000007','2026-11-28T12:03:29.339000Z','2026-11-28T12:03:29.425508Z','{\"cards\":[[\"FA-SC-3001\",\"change\",{\"class\":\"JQSB\",\"method\":\"straight_line\",\"life_months\":120,\"residual_rate\":\"0.0500\",\"original_value\":\"160000.00\"}]],\"voucher\":{\"type\":\"记\",\"period\":\"2026-03\",\"date\":\"2026-03-01\",\"summary\":\"更正固定资产增加 FA-SC-3001 数控车床\",\"entries\":[[\"1601\",\"160000.00\",\"0\",null,{\"dept\":\"SC1\",\"class\":\"JQSB\",\"asset\":\"FA-SC-3001\"}],[\"22210101\",\"130.00\",\"0\",null,{}],[\"1002\",\"0\",\"160130.00\",null,{\"supplier\":null}]]}}','2cae3459c240d0db8b905cfdcb272488fc6ecbd1be94da1a00b83c8f7f87782f');
INSERT INTO `syncd_posting` VALUES ('demo',14,'registration_deleted/s0000000000000008/','registration_deleted','FA-SC-3002','','','316f310a56d2323b2c0006a6284cd492','s0000000000000008','2026-11-28T12:03:29.344000Z','2026-11-28T12:03:29.425508Z','{\"cards\":[[\"FA-SC-3002\",\"change\",{\"status\":\"cancelled\"}]]}','90446f07569aef442a7cc1868fb58b5601e65bdcbd967060e5c4500d278c8a47');
INSERT INTO `syncd_posting` VALUES ('demo',15,'registration_taken_back/s0000000000000008/','registration_taken_back','FA-SC-3002','2026-11 记-2','registration/FA-SC-3002','316f310a56d2323b2c0006a6284cd492','s0000000000000008','2026-11-28T12:03:29.344000Z','2026-11-28T12:03:29.425508Z','{\"voucher\":{\"type\":\"记\",\"period\":\"2026-11\",\"date\":\"2026-11-28\",\"summary\":\"冲销 2026-03 记-3 固定资产增加 FA-SC-3002 数控车床\",\"entries\":[[\"1601\",\"-151572.95\",\"0\",\"固定资产增加 FA-SC-3002 数控车床\",{\"dept\":\"SC1\",\"class\":\"JQSB\",\"asset\":\"FA-SC-3002\"}],[\"22210101\",\"-130.00\",\"0\",\"固定资产增加 FA-SC-3002 数控车床\",{}],[\"1002\",\"0\",\"-151702.95\",\"固定资产增加 FA-SC-3002 数控车床\",{\"supplier\":null}]]}}','d3766bb6d81f33900f6a0bcce5668b7eb50c27bb8f1f467bc44df0adfd497bbf');
INSERT INTO `syncd_posting` VALUES ('demo',16,'upgrade/1','upgrade','FA-SC-3003','2026-03 记-9','','316f310a56d2323b2c0006a6284cd492','s0000000000000009','2026-11-28T12:03:29.347000Z','2026-11-28T12:03:29.425508Z','{\"cards\":[[\"FA-SC-3003\",\"change\",{\"original_value\":\"156573.95\",\"life_months\":132,\"origin\":\"changed\"}]],\"voucher\":{\"type\":\"记\",\"period\":\"2026-03\",\"date\":\"2026-03-01\",\"summary\":\"固定资产改造 FA-SC-3003 数控车床\",\"entries\":[[\"1601\",\"5000.00\",\"0\",null,{\"dept\":\"SC1\",\"class\":\"JQSB\",\"asset\":\"FA-SC-3003\"}],[\"1002\",\"0\",\"5000.00\",null,{}]]}}','cd983874f3fe21c7f8a5109dc2a01d0dbd4164dcd005b65e894e93b69c66e292');
INSERT INTO `syncd_posting` VALUES ('demo',17,'impairment/1','impairment','FA-SC-3004','2026-03 记-10','','316f310a56d2323b2c0006a6284cd492','s0000000000000010','2026-11-28T12:03:29.351000Z','2026-11-28T12:03:29.425508Z','{\"cards\":[[\"FA-SC-3004\",\"change\",{\"impairment\":\"200.00\",\"origin\":\"changed\"}]],\"voucher\":{\"type\":\"记\",\"period\":\"2026-03\",\"date\":\"2026-03-01\",\"summary\":\"计提固定资产减值准备 FA-SC-3004 数控车床\",\"entries\":[[\"6701\",\"200.00\",\"0\",null,{\"dept\":\"SC1\"}],[\"1603\",\"0\",\"200.00\",null,{\"dept\":\"SC1\",\"class\":\"JQSB\",\"asset\":\"FA-SC-3004\"}]]}}','d4fcbddb4400c2816c908a8519d2e9c1b025663badb2189cf715d907bf8f9536');
INSERT INTO `syncd_posting` VALUES ('demo',18,'repair/1','repair','FA-SC-3004','2026-03 记-11','','316f310a56d2323b2c0006a6284cd492','s0000000000000011','2026-11-28T12:03:29.385000Z','2026-11-28T12:03:29.425508Z','{\"voucher\":{\"type\":\"记\",\"period\":\"2026-03\",\"date\":\"2026-03-01\",\"summary\":\"设备维修 FA-SC-3004 数控车床\",\"entries\":[[\"5101\",\"320.00\",\"0\",null,{\"dept\":\"SC1\",\"workshop\":\"一车间\"}],[\"22210101\",\"41.60\",\"0\",null,{}],[\"1002\",\"0\",\"361.60\",null,{}]],\"event_date\":\"2026-02-26\"}}','ca30641b506baa6d838fb2e316805774dde36a42bbe9bd0975df861aa8a9dfb6');
INSERT INTO `syncd_posting` VALUES ('demo',19,'transfer/1','transfer','FA-SC-3005','2026-03 记-12','','316f310a56d2323b2c0006a6284cd492','s0000000000000012','2026-11-28T12:03:29.388000Z','2026-11-28T12:03:29.425508Z','{\"cards\":[[\"FA-SC-3005\",\"change\",{\"dept\":\"YF\",\"workshop\":null,\"origin\":\"changed\"}]],\"voucher\":{\"type\":\"记\",\"period\":\"2026-03\",\"date\":\"2026-03-01\",\"summary\":\"固定资产调拨 FA-SC-3005 数控车床\",\"entries\":[[\"1601\",\"151575.95\",\"0\",null,{\"dept\":\"YF\",\"class\":\"JQSB\",\"asset\":\"FA-SC-3005\"}],[\"1601\",\"0\",\"151575.95\",null,{\"dept\":\"SC1\",\"class\":\"JQSB\",\"asset\":\"FA-SC-3005\"}]]}}','2fb969b2e3d1646637ed0236bb0a2dc718181faba84d569c602a1ec2f32778b5');
INSERT INTO `syncd_posting` VALUES ('demo',20,'single_depreciation/1|2026-03|1','single_depreciation','FA-SC-0001','2026-03 记-13','','316f310a56d2323b2c0006a6284cd492','s0000000000000018','2026-11-28T12:03:29.395000Z','2026-11-28T12:03:29.425508Z','{\"cards\":[[\"FA-SC-0001\",\"change\",{\"accumulated_depreciation\":\"20046.95\"}]],\"voucher\":{\"type\":\"记\",\"period\":\"2026-03\",\"date\":\"2026-03-31\",\"summary\":\"处置当月折旧 2026-03 FA-SC-0001\",\"entries\":[[\"5101\",\"572.77\",\"0\",null,{\"dept\":\"SC2\",\"workshop\":\"二车间\",\"class\":\"JQSB\"}],[\"1602\",\"0\",\"572.77\",null,{\"dept\":\"SC2\",\"workshop\":\"二车间\",\"class\":\"JQSB\"}]]}}','6e646998168d8ab5531267bac09f1e13e77bf3eb6a8ab3a4e864eb4dcee17a79');
INSERT INTO `syncd_posting` VALUES ('demo',21,'disposal/1','disposal','FA-SC-0001','2026-03 记-14','','316f310a56d2323b2c0006a6284cd492','s0000000000000019','2026-11-28T12:03:29.396000Z','2026-11-28T12:03:29.425508Z','{\"cards\":[[\"FA-SC-0001\",\"change\",{\"status\":\"disposed\",\"disposed_on\":\"2026-03-01\"}]],\"voucher\":{\"type\":\"记\",\"period\":\"2026-03\",\"date\":\"2026-03-01\",\"summary\":\"固定资产出售 FA-SC-0001 数控车床\",\"entries\":[[\"1606\",\"52303.32\",\"0\",null,{\"asset\":\"FA-SC-0001\"}],[\"1602\",\"20046.95\",\"0\",null,{\"dept\":\"SC2\",\"class\":\"JQSB\",\"asset\":\"FA-SC-0001\"}],[\"1601\",\"0\",\"72350.27\",null,{\"dept\":\"SC2\",\"class\":\"JQSB\",\"asset\":\"FA-SC-0001\"}],[\"1002\",\"1017.00\",\"0\",\"清理收入 FA-SC-0001\",{}],[\"1606\",\"0\",\"900.00\",\"清理收入 FA-SC-0001\",{\"asset\":\"FA-SC-0001\"}],[\"22210102\",\"0\",\"117.00\",\"清理收入 FA-SC-0001\",{}],[\"6115\",\"51403.32\",\"0\",\"结转处置净损失 FA-SC-0001\",{\"dept\":\"SC2\"}],[\"1606\",\"0\",\"51403.32\",\"结转处置净损失 FA-SC-0001\",{\"asset\":\"FA-SC-0001\"}]]}}','2ac46bbd1fae59d53e3ad70ed01e836886e2c4c5dc7ae44ed8c5ad3fc21312c8');
INSERT INTO `syncd_posting` VALUES ('demo',22,'monthly_depreciation/release/s0000000000000026/','monthly_depreciation','run:2026-03','','','316f310a56d2323b2c0006a6284cd492','s0000000000000026','2026-11-28T12:03:29.492000Z','2026-11-28T12:03:29.505340Z','{}','b7e6add3e28e8fe010e62136cff7872b08d0b09f83d31d489b98378f7666d233');
INSERT INTO `syncd_posting` VALUES ('demo',23,'monthly_depreciation/2026-03|SC1|一车间|GJQJ/1','monthly_depreciation','monthly_depreciation/2026-03|SC1|一车间|GJQJ','2026-03 记-15','','316f310a56d2323b2c0006a6284cd492','s0000000000000021','2026-11-28T12:03:29.487000Z','2026-11-28T12:03:29.516800Z','{\"cards\":[[\"FA-GJ-0002\",\"change\",{\"accumulated_depreciation\":\"16178.40\"}]],\"voucher\":{\"type\":\"记\",\"period\":\"2026-03\",\"date\":\"2026-03-31\",\"summary\":\"计提折旧 2026-03 生产部一车间 GJQJ\",\"entries\":[[\"5101\",\"299.60\",\"0\",null,{\"dept\":\"SC1\",\"workshop\":\"一车间\",\"class\":\"GJQJ\"}],[\"1602\",\"0\",\"299.60\",null,{\"dept\":\"SC1\",\"workshop\":\"一车间\",\"class\":\"GJQJ\"}]]}}','db900c070aa1d8d3fca73d421125b9aeeee03d3cba4077e4a47a5aadbf1869e2');
INSERT INTO `syncd_posting` VALUES ('demo',24,'monthly_depreciation/2026-03|SC1|一车间|JQSB/1','monthly_depreciation','monthly_depreciation/2026-03|SC1|一车间|JQSB','2026-03 记-16','','316f310a56d2323b2c0006a6284cd492','s0000000000000022','2026-11-28T12:03:29.487000Z','2026-11-28T12:03:29.530284Z','{\"cards\":[[\"FA-SC-0003\",\"change\",{\"accumulated_depreciation\":\"136199.73\"}]],\"voucher\":{\"type\":\"记\",\"period\":\"2026-03\",\"date\":\"2026-03-31\",\"summary\":\"计提折旧 2026-03 生产部一车间 JQSB\",\"entries\":[[\"5101\",\"2308.47\",\"0\",null,{\"dept\":\"SC1\",\"workshop\":\"一车间\",\"class\":\"JQSB\"}],[\"1602\",\"0\",\"2308.47\",null,{\"dept\":\"SC1\",\"workshop\":\"一车间\",\"class\":\"JQSB\"}]]}}','eefdc31449c4a2db2751a8d7295200a4b677f4fe3508e9a9431c37dbd4b6148f');
INSERT INTO `syncd_posting` VALUES ('demo',25,'monthly_depreciation/2026-03|SC2|二车间|JQSB/1','monthly_depreciation','monthly_depreciation/2026-03|SC2|二车间|JQSB','2026-03 记-17','','316f310a56d2323b2c0006a6284cd492','s0000000000000024','2026-11-28T12:03:29.487000Z','2026-11-28T12:03:29.542392Z','{\"cards\":[[\"FA-SC-0004\",\"change\",{\"accumulated_depreciation\":\"116228.80\"}],[\"FA-SC-0005\",\"change\",{\"accumulated_depreciation\":\"269253.20\"}]],\"voucher\":{\"type\":\"记\",\"period\":\"2026-03\",\"date\":\"2026-03-31\",\"summary\":\"计提折旧 2026-03 生产部二车间 JQSB\",\"entries\":[[\"5101\",\"5141.26\",\"0\",null,{\"dept\":\"SC2\",\"workshop\":\"二车间\",\"class\":\"JQSB\"}],[\"1602\",\"0\",\"5141.26\",null,{\"dept\":\"SC2\",\"workshop\":\"二车间\",\"class\":\"JQSB\"}]]}}','88f03a697b14538084dd92fcc609d248b56d3013cf23b8285bad00c14c322e7c');
INSERT INTO `syncd_posting` VALUES ('demo',26,'registration/FA-SC-3101','registration','FA-SC-3101','2026-03 记-18','','316f310a56d2323b2c0006a6284cd492','s0000000000000052','2026-11-28T12:03:29.573000Z','2026-11-28T12:03:29.861664Z','{\"cards\":[[\"FA-SC-3101\",\"open\",{\"name\":\"数控车床\",\"class\":\"JQSB\",\"dept\":\"SC1\",\"workshop\":\"一车间\",\"acquired_month\":\"2026-03-01\",\"method\":\"straight_line\",\"life_months\":120,\"residual_rate\":\"0.0500\",\"original_value\":\"6000000.00\",\"accumulated_depreciation\":\"0\",\"impairment\":\"0.00\",\"origin\":\"addition\",\"status\":\"in_use\"}]],\"voucher\":{\"type\":\"记\",\"period\":\"2026-03\",\"date\":\"2026-03-01\",\"summary\":\"固定资产增加 FA-SC-3101 数控车床\",\"entries\":[[\"1601\",\"6000000.00\",\"0\",null,{\"dept\":\"SC1\",\"class\":\"JQSB\",\"asset\":\"FA-SC-3101\"}],[\"22210101\",\"130.00\",\"0\",null,{}],[\"1002\",\"0\",\"6000130.00\",null,{\"supplier\":null}]]}}','a3d9d12e2ad5c7db59ebbe0154b2534ba44d6b27053ae4a92c7a347380e9756b');
INSERT INTO `syncd_posting` VALUES ('demo',27,'registration/FA-SC-3202','registration','FA-SC-3202','2026-03 记-19','','316f310a56d2323b2c0006a6284cd492','s0000000000000057','2026-11-28T12:03:29.889000Z','2026-11-28T12:03:30.420205Z','{\"cards\":[[\"FA-SC-3202\",\"open\",{\"name\":\"数控车床\",\"class\":\"JQSB\",\"dept\":\"SC1\",\"workshop\":\"一车间\",\"acquired_month\":\"2026-03-01\",\"method\":\"straight_line\",\"life_months\":120,\"residual_rate\":\"0.0500\",\"original_value\":\"150000.00\",\"accumulated_depreciation\":\"0\",\"impairment\":\"0.00\",\"origin\":\"addition\",\"status\":\"in_use\"}]],\"voucher\":{\"type\":\"记\",\"period\":\"2026-03\",\"date\":\"2026-03-01\",\"summary\":\"固定资产增加 FA-SC-3202 数控车床\",\"entries\":[[\"1601\",\"150000.00\",\"0\",null,{\"dept\":\"SC1\",\"class\":\"JQSB\",\"asset\":\"FA-SC-3202\"}],[\"22210101\",\"130.00\",\"0\",null,{}],[\"1002\",\"0\",\"150130.00\",null,{\"supplier\":null}]]}}','0172eefdcbe8fa7f769a269b0b44ac467d3af813957e2dd9853487111b4a82d6');
INSERT INTO `syncd_posting` VALUES ('demo',28,'monthly_depreciation/release/s0000000000000061/','monthly_depreciation','run:2026-04','','','316f310a56d2323b2c0006a6284cd492','s0000000000000061','2026-11-28T12:03:31.507000Z','2026-11-28T12:03:31.648488Z','{}','b671ccd19d1a7636c8c37166e7ee4b6e07e72b05eb7f52c84f7b472e711ad860');
/*!40000 ALTER TABLE `syncd_posting` ENABLE KEYS */;
UNLOCK TABLES;

--
-- Table structure for table `syncd_released`
--

DROP TABLE IF EXISTS `syncd_released`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE `syncd_released` (
  `pipeline` varchar(128) NOT NULL,
  `rule` varchar(128) NOT NULL,
  `grp` varchar(512) NOT NULL,
  PRIMARY KEY (`pipeline`,`rule`,`grp`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin ROW_FORMAT=DYNAMIC;
/*!40101 SET character_set_client = @saved_cs_client */;

--
-- Dumping data for table `syncd_released`
--

LOCK TABLES `syncd_released` WRITE;
/*!40000 ALTER TABLE `syncd_released` DISABLE KEYS */;
INSERT INTO `syncd_released` VALUES ('demo','monthly_depreciation','2026-03');
INSERT INTO `syncd_released` VALUES ('demo','monthly_depreciation','2026-04');
/*!40000 ALTER TABLE `syncd_released` ENABLE KEYS */;
UNLOCK TABLES;
/*!40103 SET TIME_ZONE=@OLD_TIME_ZONE */;

/*!40101 SET SQL_MODE=@OLD_SQL_MODE */;
/*!40014 SET FOREIGN_KEY_CHECKS=@OLD_FOREIGN_KEY_CHECKS */;
/*!40014 SET UNIQUE_CHECKS=@OLD_UNIQUE_CHECKS */;
/*!40101 SET CHARACTER_SET_CLIENT=@OLD_CHARACTER_SET_CLIENT */;
/*!40101 SET CHARACTER_SET_RESULTS=@OLD_CHARACTER_SET_RESULTS */;
/*!40101 SET COLLATION_CONNECTION=@OLD_COLLATION_CONNECTION */;
/*!40111 SET SQL_NOTES=@OLD_SQL_NOTES */;

-- Dump completed

/* sandbox/faces/ozon/templates.h - what a new object looks like, by Ozon's own names.
 * JSON with single quotes; "+0s" stands for the moment of its birth. */
#pragma once

#define SHD_MONEY(amount) "{'amount':'" amount "','currency':'RUB'}"

static const char order_template[] =
	"{'posting_number':'','order_id':0,'order_number':'','parent_posting_number':'',"
	"'status':'awaiting_packaging','substatus':'','in_process_at':'+0s','shipment_date':'+20h',"
	"'shipment_date_without_delay':'+24h','delivering_date':null,'tracking_number':'',"
	"'tpl_integration_type':'ozon','integration_type_flow':'ozon','delivery_schema':'fbs',"
	"'is_express':false,'is_multibox':false,'is_click_and_collect':false,'is_presortable':"
	"false,"
	"'available_actions':['cancel','ship'],'delivery_method':{'id':1020005003107121,"
	"'name':'Доставка Ozon самостоятельно, Москва','tpl_provider':'Доставка "
	"Ozon','tpl_provider_id':24,"
	"'warehouse':'Склад на Волгоградке','warehouse_id':1020005003107121},'cancellation':"
	"{'affect_cancellation_rating':false,'cancel_reason':'','cancel_reason_id':0,"
	"'cancellation_initiator':'','cancellation_type':'','cancelled_after_ship':false},"
	"'requirements':{'products_requiring_change_country':[],'products_requiring_country':[],"
	"'products_requiring_gtd':[],'products_requiring_mandatory_mark':[]},"
	"'tariffication':{'current_tariff_rate':0,'current_tariff_type':'no_discount',"
	"'current_tariff_charge':" SHD_MONEY(
		"0") ",'next_tariff_starts_at':'+20h'},"
		     "'tariffication_steps':[{'min_charge':null,'tariff_charge':" SHD_MONEY(
			     "150") ",'tariff_deadline_at':'9999-12-31T23:59:59.999999900Z','"
				    "tariff_rate':3,'tariff_type':'commission'}],"
				    "'products':[],'analytics_data':{'delivery_date_begin':'+3d','"
				    "delivery_date_end':'+5d',"
				    "'client_delivery_date_begin':null,'client_delivery_date_end':"
				    "null,'city':'Казань',"
				    "'region':'Республика "
				    "Татарстан','warehouse_id':1020005003107121},"
				    "'financial_data':{'products':[]},'sorting_center':null,'"
				    "addressee':null,'customer':null,"
				    "'barcodes':null,'legal_info':null,'external_order':{'is_"
				    "external':false,'platform_name':''}}";

static const char fbo_order_template[] =
	"{'posting_number':'','order_id':0,'order_number':'','status':'awaiting_packaging',"
	"'substatus':'posting_created','cancel_reason_id':0,'created_at':'+0s','in_process_at':'+"
	"0s',"
	"'cancellation':null,'products':[],'analytics_data':{'city':'Тверь','delivery_type':'PVZ',"
	"'warehouse_id':23012927862000,'warehouse_name':'ХОРУГВИНО_РФЦ','is_legal':false,'is_"
	"premium':false,"
	"'payment_type_group_name':'Карты оплаты','client_delivery_date_begin':null,"
	"'client_delivery_date_end':null},'financial_data':{'cluster_from':'Москва','cluster_to':'"
	"Тверь',"
	"'products':[]},'external_order':null,'legal_info':null,'additional_data':[]}";

static const char product_template[] =
	"{'id':0,'offer_id':'','sku':0,'name':'','is_archived':false,'is_autoarchived':false,"
	"'is_discounted':false,'is_kgt':false,'is_super':false,'price':'1990.0000','old_price':'"
	"2490.0000',"
	"'min_price':'','currency_code':'RUB','created_at':'-200d','updated_at':'+0s','vat':'0.2',"
	"'visibility_details':{'has_price':true,'has_stock':true},'statuses':{'status':'price_sent'"
	","
	"'status_failed':'','moderate_status':'approved','validation_status':'success','status_"
	"name':'Продается',"
	"'status_description':'','status_tooltip':'','is_created':true,'status_updated_at':'+0s'},"
	"'errors':[],'availabilities':[],'price_indexes':{'color_index':'COLOR_INDEX_GREEN',"
	"'external_index_data':{'minimal_price':'','minimal_price_currency':'RUB','price_index_"
	"value':0.0}},"
	"'barcodes':[],'images':[],'primary_image':[],'type_id':97184,'description_category_id':"
	"17028922,"
	"'volume_weight':0.4}";

static const char stock_template[] =
	"{'sku':0,'product_id':0,'offer_id':'','warehouse_id':1020005003107121,"
	"'warehouse_name':'Склад на Волгоградке','type':'fbs','present':0,'reserved':0}";

static const char review_template[] =
	"{'id':'','sku':'','rating':5,'text':'','published_at':'+0s','status':'NEW',"
	"'order_status':'DELIVERED','is_rating_participant':true,'comments_amount':0,'photos_"
	"amount':0,"
	"'videos_amount':0,'likes_amount':0,'dislikes_amount':0,'photos':[],'videos':[]}";

static const char question_template[] = "{'id':'','sku':0,'text':'','author_name':'Покупатель "
					"Ozon','published_at':'+0s','status':'NEW',"
					"'answers_count':0,'product_url':'https://www.ozon.ru/"
					"product/0/','question_link':''}";

static const char chat_template[] =
	"{'chat':{'chat_id':'','chat_status':'OPENED','chat_type':'BUYER_SELLER','created_at':'+0s'"
	"},"
	"'unread_count':0,'first_unread_message_id':'0','last_message_id':'0'}";

static const char message_template[] =
	"{'message_id':'','created_at':'+0s','is_read':false,'is_image':false,"
	"'moderate_image_status':'SUCCESS','data':[],'user':{'id':'1024','type':'Сustomer'},"
	"'context':{'order_number':'','sku':'0'}}";

static const char rfbs_return_template[] =
	"{'return_id':0,'return_number':'','created_at':'+0s','order_number':'','posting_number':''"
	","
	"'product':{'sku':0,'offer_id':'','name':'','price':1990,'currency_code':'RUB'},"
	"'state':{'group_state':'New','state':'ON_APPROVAL','state_name':'На проверке'}}";

static const char return_template[] =
	"{'id':'','company_id':'3058','order_id':'','order_number':'','posting_number':'','source_"
	"id':'90426223',"
	"'clearing_id':'','return_clearing_id':null,'type':'FullReturn','schema':'Fbs',"
	"'return_reason_name':'Не подошёл размер','product':{'sku':'0','offer_id':'','name':'',"
	"'price':{'currency_code':'RUB','price':'1990'},'price_without_commission':{'currency_code'"
	":'RUB',"
	"'price':'1650'},'commission':{'currency_code':'RUB','price':'340'},'commission_percent':'"
	"17.1',"
	"'quantity':1},'place':{'id':'23869688194000','name':'СЦ_Львовский_Возвраты','address':'"
	"Подольск'},"
	"'target_place':null,'logistic':{'return_date':'+0s','technical_return_moment':null,"
	"'final_moment':'0001-01-01T00:00:00Z','cancelled_with_compensation_moment':null,'barcode':"
	"'ii5275210303'},"
	"'storage':{'arrived_moment':null,'days':'0','tariffication_first_date':null,"
	"'tariffication_start_date':null,'sum':{'currency_code':'RUB','price':'0'},'utilization_"
	"sum':"
	"{'currency_code':'RUB','price':'0'},'utilization_forecast_date':null},'visual':{'status':"
	"{'id':1,'display_name':'Возврат','sys_name':'MovingToSeller'},'change_moment':'+0s'},"
	"'compensation_status':null,'additional_info':{'is_opened':false,'is_super_econom':false},"
	"'exemplars':[]}";

static const char cancellation_template[] =
	"{'cancellation_id':0,'posting_number':'','state':{'id':1,'name':'На рассмотрении',"
	"'state':'ON_APPROVAL'},'cancellation_initiator':'CLIENT','cancellation_reason':{'id':508,"
	"'name':'Покупатель отменил заказ'},'cancellation_reason_message':'','cancelled_at':'+0s',"
	"'order_date':'-1d','auto_approve_date':'+2d','approve_date':null,'approve_comment':'',"
	"'tpl_integration_type':'ThirdPartyTracking','source_id':0}";

static const char rating_template[] =
	"{'rating':'','name':'Оценка товаров','current_value':0.0,'past_value':null,"
	"'value_type':'REVIEW_SCORE','rating_direction':'HIGHER_IS_BETTER','status':'OK','change':"
	"{'direction':'DIRECTION_NONE','meaning':'MEANING_NONE'}}";

static const char supply_template[] =
	"{'order_id':0,'order_number':'','state':'READY_TO_SUPPLY','created_date':'+0s',"
	"'state_updated_date':'+0s','data_filling_deadline_utc':'+2d','dropoff_warehouse':{'"
	"warehouse_id':"
	"'23012927862000','name':'ХОРУГВИНО_РФЦ','address':'Московская "
	"область'},'timeslot':{'timeslot':"
	"{'from':'+3d','to':'+4d'},'timezone_info':{'iana_name':'Europe/"
	"Moscow','offset':'10800s'}},"
	"'order_tags':{},'supplies':[]}";

static const char warehouse_template[] =
	"{'warehouse_id':0,'name':'Склад на Волгоградке','status':'created','is_rfbs':false,"
	"'is_express':false,'is_kgt':false,'pause_at':null,'postings_limit':-1,'has_postings_limit'"
	":false,"
	"'cut_in_time':0,'sla_cut_in':2939,'working_days':['MONDAY','TUESDAY','WEDNESDAY','"
	"THURSDAY',"
	"'FRIDAY'],'timetable':null,'first_mile':{'type':'PICK_UP'},'address_info':{'address':'"
	"Москва',"
	"'latitude':55.7,'longitude':37.7,'utc':'UTC+03:00'},'warehouse_type':'','created_at':'-"
	"300d',"
	"'updated_at':'+0s'}";

static const char delivery_method_template[] =
	"{'id':0,'name':'Доставка Ozon самостоятельно, Москва','status':'ACTIVE','warehouse_id':"
	"1020005003107121,'provider_id':24,'cutoff':'13:00','sla_cut_in':1440,'is_express':false,"
	"'template_id':0,'tpl_integration_type':'ozon','created_at':'-300d','updated_at':'+0s'}";

static const char index_day_template[] =
	"{'date':'','index_by_date':0.0,'processing_costs_sum_by_date':0.0}";

static const char index_posting_template[] =
	"{'posting_number':'','posting_error_type':'SELLER_DELAY','error_at':'+0s','index':1.0,"
	"'delivery_schema':'FBS','has_grace_status':false,'charge_percent':0,'charge_price':0,"
	"'charge_price_currency_code':'RUB','product_price':1990,'product_price_currency_code':'"
	"RUB'}";

static const char invalid_product_template[] =
	"{'warehouse_id':0,'item':{'sku':0,'weight_g':500,'size':{}},'state':'NOT_VALID',"
	"'validation_errors':[{'characteristic':'WEIGHT','type':'TOO_BIG'}]}";

static const char giveout_template[] =
	"{'giveout_id':0,'giveout_status':'GIVEOUT_STATUS_CREATED','approved_articles_count':0,"
	"'total_articles_count':1,'warehouse_id':23869688194000,'warehouse_name':'СЦ_Львовский_"
	"Возвраты',"
	"'warehouse_address':'Подольск','created_at':'+0s'}";

static const char drop_off_template[] =
	"{'id':0,'name':'СЦ_Львовский_Возвраты','address':'Подольск','returns_count':1,'box_count':"
	"1,"
	"'place_id':23869688194000,'warehouses_ids':[],'pass_info':{'count':0,'is_required':false},"
	"'utc_offset':'+03:00'}";
